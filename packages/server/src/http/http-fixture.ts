import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authenticator } from '../auth/authenticator.ts';
import { Argon2Hasher } from '../auth/passwords.ts';
import { RoomKeys } from '../auth/room-keys.ts';
import { createTokens, type TokenIssuer } from '../auth/tokens.ts';
import { loadConfig } from '../config/load.ts';
import { Files } from '../core/files.ts';
import { type Core, createCore } from '../core/index.ts';
import type { Principal, Role } from '../core/model.ts';
import type { Store } from '../core/ports/store.ts';
import { PresenceLook } from '../core/presence-look.ts';
import { EventBridge } from '../events/index.ts';
import { MAGIC_INSPECTOR, openFileStorage, openPictures } from '../files/index.ts';
import { createIdSource } from '../ids.ts';
import { createLogger } from '../observe/logger.ts';
import { Metrics } from '../observe/metrics.ts';
import { MemoryAttendance } from '../presence/memory/attendance.ts';
import { SYSTEM_TIMERS } from '../stomp/timers.ts';
import { openSqliteStore } from '../store/sqlite/index.ts';
import { clientAddress } from '../transport/index.ts';
import { buildHttp, type HttpDeps } from './server.ts';

export const TEST_SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

export interface CallOptions {
  readonly as?: Principal;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP server over a real store in a folder of its own, listening on a free port. */
export interface HttpFixture {
  readonly url: string;
  readonly dataDir: string;
  readonly core: Core;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly issuer: TokenIssuer;
  /** Takes the store away. */
  closeStore(): Promise<void>;
  /** What was logged, as one text. */
  logged(): string;
  /** One request. The path goes out exactly as it is given. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export function principal(userId: string, role: Role = 'user', tenant = 'default'): Principal {
  return { tenant, userId, role, name: userId };
}

export async function startHttp(
  settings: Parameters<typeof loadConfig>[0] = {},
  overrides: Partial<HttpDeps> = {},
): Promise<HttpFixture> {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-http-'));
  const { config } = loadConfig({
    ...settings,
    flags: { secret: TEST_SECRET, minPasswordLength: '1', ...settings.flags },
  });
  const clock = { now: () => Date.now() };
  const store = await openSqliteStore({ dataDir });
  const ids = createIdSource(clock);
  const lines: string[] = [];
  const metrics = new Metrics();
  const logger = await createLogger(
    { logLevel: 'debug', logFormat: 'json' },
    { write: (line) => lines.push(line) },
  );
  const events = new EventBridge({
    isAlone: true,
    config,
    store,
    next: { publish() {}, notify() {} },
    clock,
    timers: SYSTEM_TIMERS,
    ids,
    metrics,
    log: logger,
    version: '0.0.0-test',
    makeSecret: () => 'a secret that the server made',
    random: () => 0,
    webhookLeft: () => core.remains.left(),
  });
  const core = createCore({
    store,
    sink: events.sink,
    clock,
    ids,
    passwords: new Argon2Hasher(),
    limits: config,
    register: new MemoryAttendance(),
  });
  const ignore = (error: Error) => logger.debug(error);
  const pictures = openPictures(config, { timers: SYSTEM_TIMERS, onFault: ignore, onUnfit: ignore });
  const files = new Files({
    store,
    storage: await openFileStorage({ ...config, dataDir }),
    inspector: MAGIC_INSPECTOR,
    pictures,
    policies: core.policies,
    clock,
    ids,
    limits: config,
    onError(error) {
      throw error;
    },
  });
  const { verifier, issuer } = createTokens({ secret: TEST_SECRET }, clock);
  if (!issuer) throw new Error('a secret makes an issuer');
  const app = await buildHttp({
    ...core,
    presence: new PresenceLook({
      store,
      limits: config,
      online: { statusOf: async (users) => users.map(() => 'offline' as const) },
    }),
    files,
    authenticator: new Authenticator({ verifier, users: core.users, ...config }),
    issuer,
    roomKeys: new RoomKeys(TEST_SECRET),
    clock,
    timers: SYSTEM_TIMERS,
    addressOf: (request) => clientAddress(request, config.trustedProxies),
    config,
    metrics,
    logger,
    webhooks: events.webhooks,
    version: '0.0.0-test',
    readiness: () => store.probe(),
    asyncApi: async () => ({ asyncapi: '3.1.0' }),
    endpoints: [{ dialect: 'xuqm', path: '/ws/im', summary: 'STOMP <xuqm>' }],
    ...overrides,
  });
  let closed: Promise<void> | undefined;
  const closeStore = () => {
    closed ??= store.close();
    return closed;
  };
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir,
    core,
    store,
    metrics,
    issuer,
    closeStore,
    logged: () => lines.join(''),
    async call(method, path, { as, token, body, headers = {} } = {}) {
      const bearer = as ? (await issuer.issue(as, 60_000)).token : token;
      const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      return send(port, method, path, payload, {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      });
    },
    async stop() {
      await app.close();
      await files.close();
      await pictures.close();
      await events.close();
      await closeStore();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Node's own client rather than fetch, which would tidy the path up. */
function send(
  port: number,
  method: string,
  path: string,
  payload: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = String(response.headers['content-type']).includes('json');
          const body = isJson && text !== '' ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body });
        });
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}
