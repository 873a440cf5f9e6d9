import { Type } from 'typebox';
import type { LoginThrottle } from '../../auth/login-throttle.ts';
import { DomainError } from '../../core/errors.ts';
import type { Users } from '../../core/users.ts';
import { type Api, REFUSALS } from '../api.ts';
import type { ClientOf } from '../client.ts';
import { userJson } from '../json.ts';
import { SessionTokenFields, UserSchema } from '../schemas.ts';
import type { SessionTokens } from '../session-tokens.ts';

const DEFAULT_APP = 'default';

const Credentials = Type.Object(
  {
    username: Type.String({ maxLength: 64, examples: ['alice'] }),
    password: Type.String({ maxLength: 256, examples: ['alice'] }),
    app: Type.Optional(
      Type.String({
        maxLength: 64,
        default: DEFAULT_APP,
        description: 'The application the user belongs to.',
      }),
    ),
  },
  { additionalProperties: false },
);

const Session = Type.Object(
  {
    ...SessionTokenFields,
    user: UserSchema,
  },
  { description: 'A token and whom it is for.' },
);

export interface LoginDeps {
  readonly users: Users;
  readonly throttle: LoginThrottle;
  readonly clientOf: ClientOf;
  /** Absent where tokens are made elsewhere. */
  readonly tokens: SessionTokens | undefined;
}

/** Anybody may send one: it holds a name and a password, and no more is read. In bytes. */
const MAX_BODY_BYTES = 8192;

export function loginRoute(api: Api, { users, throttle, clientOf, tokens }: LoginDeps): void {
  api.post(
    '/login',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags: ['login'],
        summary: 'Get a token for a username and password',
        description:
          'After some wrong passwords for one user, further tries from addresses where that user has not logged in are answered late, by 1 s and up to a minute; 429 where many wait.',
        body: Credentials,
        response: { 200: Session, ...REFUSALS },
      },
    },
    async (request, reply) => {
      if (!tokens)
        throw new DomainError('EPERM', 'this server makes no tokens; get one from your identity provider');
      const { username, password, app = DEFAULT_APP } = request.body;
      const input = { tenant: app, username, password };
      const account = await users.accountOf(app, username);
      const client = clientOf(request, reply);
      const { user, provenAt } = await throttle.attempt({ ...client, account }, async () => ({
        provenAt: tokens.now(),
        user: await users.authenticate(input, { ...client, user: JSON.stringify(account) }),
      }));
      return { ...(await tokens.issue(user, provenAt)), user: userJson(user) };
    },
  );
}
