import { Type } from 'typebox';
import type { LoginThrottle } from '../../auth/login-throttle.ts';
import type { RoomKeys } from '../../auth/room-keys.ts';
import type { TokenIssuer } from '../../auth/tokens.ts';
import { DomainError } from '../../core/errors.ts';
import type { User } from '../../core/model.ts';
import type { Users } from '../../core/users.ts';
import { type Api, REFUSALS } from '../api.ts';
import type { ClientOf } from '../client.ts';
import { userJson } from '../json.ts';
import { UserSchema } from '../schemas.ts';

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
    token: Type.String({ description: 'For `Authorization: Bearer`, and the `token` of every endpoint.' }),
    expiresAt: Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] }),
    roomKey: Type.Optional(
      Type.String({
        description:
          'Key to encrypt the frames of the `room` protocol under, base64url. It belongs to the token.',
      }),
    ),
    user: UserSchema,
  },
  { description: 'A token and whom it is for.' },
);

export interface LoginDeps {
  readonly users: Users;
  readonly throttle: LoginThrottle;
  readonly clientOf: ClientOf;
  /** Absent where tokens are made elsewhere. */
  readonly issuer: TokenIssuer | undefined;
  readonly roomKeys?: RoomKeys | undefined;
  /** Lifetime of a token, in ms. */
  readonly tokenLifetime: number;
}

/** Anybody may send one: it holds a name and a password, and no more is read. In bytes. */
const MAX_BODY_BYTES = 8192;

export function loginRoute(
  api: Api,
  { users, throttle, clientOf, issuer, roomKeys, tokenLifetime }: LoginDeps,
): void {
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
      if (!issuer)
        throw new DomainError('EPERM', 'this server makes no tokens; get one from your identity provider');
      const { username, password, app = DEFAULT_APP } = request.body;
      const input = { tenant: app, username, password };
      const account = await users.accountOf(app, username);
      const client = clientOf(request, reply);
      const user = await throttle.attempt({ ...client, account }, () =>
        users.authenticate(input, { ...client, user: JSON.stringify(account) }),
      );
      const issued = await issuer.issue(principalOf(user), tokenLifetime);
      const key = roomKeys && Buffer.from(roomKeys.keyOf(issued.token)).toString('base64url');
      return { ...issued, ...(key === undefined ? {} : { roomKey: key }), user: userJson(user) };
    },
  );
}

function principalOf({ tenant, id, role, nickname }: User) {
  return { tenant, userId: id, role, name: nickname };
}
