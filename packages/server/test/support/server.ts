import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, type Runtime, startServer } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/settings.ts';
import { EVERY_APP } from './every-app.ts';
import { Balancer } from './nodes.ts';
import { forgetStore, hasSeveralNodes, storeFor } from './store-choice.ts';
import { TEST_SECRET } from './token.ts';

export interface TestServer {
  readonly url: string;
  /** The same with the scheme of WebSockets. */
  readonly wsUrl: string;
  readonly dataDir: string;
  /** Calls the API with the token of a user (a demo account's name), or of nobody. */
  call(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
  /** As `RunningServer` has it. */
  hurry(): boolean;
}

/** A whole server in demo mode in this process, on a port and in a folder of its own. */
export async function startTestServer(
  settings: Partial<Config> = {},
  runtime?: Runtime,
): Promise<TestServer> {
  const dataDir = settings.dataDir ?? (await mkdtemp(join(tmpdir(), 'haina-test-')));
  const store = settings.store ?? (await storeFor(dataDir));
  const { config } = loadConfig({
    flags: {
      ...EVERY_APP,
      secret: TEST_SECRET,
      port: '0',
      demo: 'true',
      sendRate: '0',
      logLevel: 'fatal',
      dataDir,
    },
  });
  const given = { ...config, ...settings, store, dataDir };
  const server = await (hasSeveralNodes() ? startTwo(given, runtime) : startServer(given, runtime));
  return {
    url: server.url,
    wsUrl: server.url.replace('http:', 'ws:'),
    dataDir,
    async call(method, path, token, body) {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    hurry: () => server.hurry(),
    async stop() {
      await server.stop();
      if (settings.dataDir !== undefined) return;
      await rm(dataDir, { recursive: true, force: true });
      await forgetStore(dataDir);
    },
  };
}

/** Two nodes on the same database, behind a balancer. */
async function startTwo(config: Config, runtime: Runtime | undefined): Promise<RunningServer> {
  const second = { ...config, dataDir: await mkdtemp(join(tmpdir(), 'haina-test-')) };
  const nodes = [await startServer(config, runtime), await startServer(second, runtime)];
  const balancer = await Balancer.start(nodes.map(({ url }) => url));
  return {
    ...(nodes[0] as RunningServer),
    url: balancer.url,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await balancer.close();
      await rm(second.dataDir, { recursive: true, force: true });
    },
  };
}
