import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyServerFactory, LogController } from 'fastify';

import type { Authenticator } from '../auth/authenticator.ts';
import { LoginThrottle } from '../auth/login-throttle.ts';
import type { RoomKeys } from '../auth/room-keys.ts';
import type { TokenIssuer } from '../auth/tokens.ts';
import type { Config } from '../config/settings.ts';
import type { Admin } from '../core/admin.ts';
import type { Attendance } from '../core/attendance.ts';
import type { Broadcasts } from '../core/broadcasts.ts';
import type { BusinessEvents } from '../core/business-events.ts';
import type { ConversationList } from '../core/conversation-list.ts';
import type { Desk } from '../core/desk/index.ts';
import { DomainError } from '../core/errors.ts';
import type { Files } from '../core/files.ts';
import type { Groups } from '../core/groups.ts';
import type { MessageChanges } from '../core/message-changes.ts';
import type { Messages } from '../core/messages.ts';
import type { Notifications } from '../core/notifications.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { PresenceLook } from '../core/presence-look.ts';
import type { Rooms } from '../core/rooms.ts';
import type { Users } from '../core/users.ts';
import type { Webhooks } from '../events/webhook/webhooks.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Api, ApiPlugin } from './api.ts';
import { requireToken, requireTokenAnywhere, requireTokenStill } from './authentication.ts';
import { parseJsonBodies } from './bodies.ts';
import { type AddressOf, clientsBy } from './client.ts';
import { answerClientError } from './client-errors.ts';
import { registerDocs } from './docs.ts';
import { sendError } from './errors.ts';
import { refuseOtherMethods } from './methods.ts';
import { logRefused } from './refused-request.ts';
import { adminRoutes } from './routes/admin.ts';
import { asyncApiRoute } from './routes/asyncapi.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { deskRoutes } from './routes/desk.ts';
import { eventRoutes } from './routes/events.ts';
import { fileRoute, uploadRoute } from './routes/files.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes, metricsRoute, type Readiness } from './routes/health.ts';
import { type Endpoint, homeRoute } from './routes/home.ts';
import { loginRoute } from './routes/login.ts';
import { memberRoutes } from './routes/members.ts';
import { messageRoutes } from './routes/messages.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { presenceRoute } from './routes/presence.ts';
import { roomRoutes } from './routes/rooms.ts';
import { sockJsClientRoute } from './routes/sockjs-client.ts';
import { userRoutes } from './routes/users.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { SHARED_SCHEMAS } from './schemas.ts';
import { requireOneHost, secureHeaders, shareWithOrigins } from './security.ts';
import { SessionTokens } from './session-tokens.ts';
import { closeAfterUnreadBody } from './unread-body.ts';
import { validatorCompiler } from './validation.ts';

/** Room for a single conversation's id in URL-encoded Chinese. */
const MAX_PARAM_LENGTH = 2048;

const PREFIX = '/api/v1';

export interface HttpDeps {
  readonly users: Users;
  readonly groups: Groups;
  readonly rooms: Rooms;
  readonly attendance: Attendance;
  readonly conversations: ConversationList;
  readonly messages: Messages;
  readonly changes: MessageChanges;
  readonly notifications: Notifications;
  readonly admin: Admin;
  readonly files: Files;
  readonly businessEvents: BusinessEvents;
  readonly webhooks: Webhooks;
  readonly desk: Desk;
  readonly broadcasts: Broadcasts;
  readonly presence: PresenceLook;
  readonly authenticator: Authenticator;
  /** Absent where tokens are made elsewhere; login is off then. */
  readonly issuer: TokenIssuer | undefined;
  /** Absent where tokens are made elsewhere. */
  readonly roomKeys?: RoomKeys | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly addressOf: AddressOf;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly version: string;
  readonly readiness: Readiness;
  /** Where the dialects are, for the home page. */
  readonly endpoints: readonly Endpoint[];
  /** What is said there, as an AsyncAPI document. */
  readonly asyncApi: () => Promise<object>;
  /** Makes the HTTP server that also serves the transports; Node's own where absent. */
  readonly serverFactory?: FastifyServerFactory;
}

/** The HTTP side of the server, not listening yet. */
export async function buildHttp(deps: HttpDeps): Promise<Api> {
  const { config, metrics, version, endpoints } = deps;
  const app = createApp(deps);
  await registerDocs(app, version);
  homeRoute(app, { version, endpoints, metrics: config.metrics });
  asyncApiRoute(app, deps.asyncApi);
  sockJsClientRoute(app);
  healthRoutes(app, deps.readiness);
  if (config.metrics) metricsRoute(app, metrics);
  const login: ApiPlugin = async (api) => loginRoute(api, loginDeps(deps));
  const authenticated: ApiPlugin = async (api) => protectedRoutes(api, deps);
  await app.register(login, { prefix: PREFIX });
  await app.register(authenticated, { prefix: PREFIX });
  await app.register(async (api: Api) => {
    api.addHook('onRequest', requireTokenAnywhere(deps.authenticator));
    fileRoute(api, deps.files);
  });
  return app;
}

function createApp({ config, metrics, logger, addressOf, serverFactory }: HttpDeps): Api {
  const { trustedProxies } = config;
  const app: Api = Fastify({
    // The framework would announce its address, which is not its business.
    loggerInstance: logger.child({}, logger.level === 'info' ? { level: 'warn' } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: config.maxBodyBytes,
    trustProxy: (_address: string, hop: number) => hop < trustedProxies,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    clientErrorHandler: answerClientError,
    forceCloseConnections: 'idle',
    ...(serverFactory ? { serverFactory } : {}),
  });
  parseJsonBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  for (const schema of SHARED_SCHEMAS) app.addSchema(schema);
  app.decorateRequest('principal');
  app.addHook('onRequest', secureHeaders);
  app.addHook('onRequest', requireOneHost);
  app.addHook('onRequest', shareWithOrigins(config.allowedOrigins, addressOf));
  // Behind the preflights, which are declared nowhere.
  refuseOtherMethods(app);
  app.addHook('onSend', closeAfterUnreadBody);
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    request.log.debug(
      { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = sendError(error, request, reply);
    metrics.refusals.add(1, 'http', refusal.code);
    logRefused(request, refusal, addressOf);
  });
  app.setNotFoundHandler(() => {
    throw new DomainError('ENOENT', 'no such endpoint; see /docs');
  });
  return app;
}

function protectedRoutes(api: Api, deps: HttpDeps): void {
  const { users, groups, rooms, attendance, conversations, messages, changes } = deps;
  const { notifications, admin, files, authenticator } = deps;
  api.addHook('onRequest', requireToken(authenticator));
  api.addHook('preHandler', requireTokenStill(authenticator));
  api.setNotFoundHandler(() => {
    throw new DomainError('ENOENT', 'no such endpoint; see /docs');
  });
  userRoutes(api, {
    users,
    clientOf: clientsBy(deps.addressOf),
    tokens: sessionTokens(deps),
  });
  presenceRoute(api, deps.presence);
  groupRoutes(api, groups);
  memberRoutes(api, groups);
  roomRoutes(api, { rooms, attendance });
  conversationRoutes(api, { conversations, messages, changes });
  messageRoutes(api, changes);
  notificationRoutes(api, notifications);
  adminRoutes(api, admin);
  api.register(async (upload: Api) => uploadRoute(upload, files));
  eventRoutes(api, deps.businessEvents, deps.metrics);
  webhookRoutes(api, deps.webhooks);
  deskRoutes(api, deps);
}

function loginDeps(deps: HttpDeps) {
  const { users, clock, timers, addressOf, config, logger } = deps;
  const throttle = new LoginThrottle({
    clock,
    timers,
    tries: config.loginTries,
    history: users,
    onError: (err) => logger.warn({ err }, 'where a user logged in from was not stored'),
  });
  const clientOf = clientsBy(addressOf);
  return { users, throttle, clientOf, tokens: sessionTokens(deps) };
}

function sessionTokens({ issuer, roomKeys, clock, config }: HttpDeps): SessionTokens | undefined {
  return issuer && new SessionTokens({ issuer, roomKeys, clock, lifetime: config.tokenLifetime });
}
