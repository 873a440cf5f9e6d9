import { Authenticator } from '../auth/authenticator.ts';
import { RoomKeys } from '../auth/room-keys.ts';
import { createTokens, type Tokens } from '../auth/tokens.ts';
import type { Core } from '../core/index.ts';
import type { Ground } from './ground.ts';

/** What tokens are made and checked with. */
export interface Keys extends Tokens {
  /** Of encrypted rooms; undefined where no secret is set. */
  readonly roomKeys: RoomKeys | undefined;
}

/** Throws StartError where a configured key can't be used. */
export function composeKeys({ config, clock }: Ground): Keys {
  const { secret } = config;
  return {
    ...createTokens(config, clock),
    roomKeys: secret === undefined ? undefined : new RoomKeys(secret),
  };
}

/** What turns a token into a principal. */
export function composeAuthenticator(
  { config }: Ground,
  { verifier }: Keys,
  { users }: Pick<Core, 'users'>,
): Authenticator {
  const { autoProvision, roleAuthority } = config;
  return new Authenticator({ verifier, users, autoProvision, roleAuthority });
}
