import { type Command, Option } from 'commander';
import { createTokens } from '../auth/tokens.ts';
import { loadConfig } from '../config/load.ts';
import { describeAllowed, parseSetting } from '../config/parse-setting.ts';
import { findDemoSecret, withDemoSecret } from '../config/secrets.ts';
import { type Config, settingSchema } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';
import { ROLES, type Role } from '../core/model.ts';
import { requireId, requireTenantId } from '../core/validate.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';

const EPILOGUE = `
The token is printed on standard output. Whoever has it is that user until it expires.

Examples:
  haina token --sub alice
  haina token --sub backend --role service --ttl 30d
  curl -H "Authorization: Bearer $(haina token --sub admin --role admin)" http://127.0.0.1:8080/api/v1/users`;

interface TokenFlags extends ParsedFlags {
  readonly sub: string;
  readonly app: string;
  readonly role: Role;
  readonly name?: string;
  readonly ttl?: string;
}

export function addToken(program: Command): void {
  const command = program
    .command('token')
    .summary('make a token for a user')
    .description(
      'Make a token, signed with the configured secret, or with that of the demo in the data folder.',
    )
    .requiredOption('--sub <id>', "the user's id")
    .option('--app <id>', 'the application (tenant) the user belongs to', 'default')
    .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).default('user'))
    .option('--name <name>', 'the name to show (default: the id)')
    .option('--ttl <time>', 'how long it is valid, such as 1h (default: the setting token-lifetime)');
  addSettingOptions(command, ['secret', 'dataDir', 'demo', 'tokenLifetime'])
    .addHelpText('after', EPILOGUE)
    .action(printToken);
}

async function printToken(flags: TokenFlags): Promise<void> {
  const { config } = loadConfig({ ...settingsOf(flags), env: process.env });
  const { sub, app, role, name = sub, ttl } = flags;
  const principal = { tenant: requireTenantId(app, '--app'), userId: requireId(sub, '--sub'), role, name };
  const lifetime = ttl === undefined ? config.tokenLifetime : lifetimeOf(ttl);
  const { issuer } = createTokens({ secret: secretOf(config) }, { now: () => Date.now() });
  console.log((await issuer?.issue(principal, lifetime))?.token);
}

function lifetimeOf(ttl: string): number {
  const schema = settingSchema('tokenLifetime');
  const lifetime = parseSetting(schema, ttl);
  if (typeof lifetime === 'number') return lifetime;
  throw new StartError(`--ttl must be ${describeAllowed(schema)}`);
}

function secretOf(config: Config): string {
  const { secret = findDemoSecret(config.dataDir) } = withDemoSecret(config);
  if (secret !== undefined) return secret;
  throw new StartError(
    `no secret to sign with: set HAINA_SECRET, or start the demo first (none has run in ${config.dataDir})`,
  );
}
