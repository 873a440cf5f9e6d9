import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { XuqmMessage, XuqmSyncDone } from '@haina/wire';
import { checkDatabase } from '../src/store/sqlite/index.ts';
import { StompClient } from './support/stomp-client.ts';
import { storeFor } from './support/store-choice.ts';
import { TEST_SECRET, tokenOf } from './support/token.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const INBOX = '/user/queue/messages';
const SERVICE = tokenOf('tester', { role: 'service' });
const SENDERS = Array.from({ length: 20 }, (_, i) => `sender${i}`);
const RECEIVERS = SENDERS.map((_, i) => `receiver${i}`);
const ROUNDS = 3;
/** Sends a client has unconfirmed at a time. */
const WINDOW = 8;

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly wsUrl: string;
}

let dataDir: string;
let store: string;
let server: Server;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-durable-'));
  store = await storeFor(dataDir);
  server = await start();
});

after(async () => {
  await kill('SIGTERM');
  await rm(dataDir, { recursive: true });
});

async function start(): Promise<Server> {
  const env = {
    ...process.env,
    HAINA_DATA_DIR: dataDir,
    HAINA_STORE: store,
    HAINA_SECRET: TEST_SECRET,
    HAINA_PORT: '0',
    HAINA_SEND_RATE: '0',
    HAINA_LOG_LEVEL: 'fatal',
  };
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /haina listening on (http:\S+)/.exec(output);
      if (match?.[1]) resolve(match[1]);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
  return { process: child, url, wsUrl: url.replace('http:', 'ws:') };
}

async function kill(signal: NodeJS.Signals): Promise<void> {
  const exited = new Promise((resolve) => server.process.once('exit', resolve));
  server.process.kill(signal);
  await exited;
}

async function api(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${SERVICE}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.json();
}

/** Sends to its receiver and to the group in turn, keeping a window unconfirmed, until the connection breaks. */
async function sendUntilKilled(
  index: number,
  round: number,
  confirmed: (messageId: string) => void,
): Promise<void> {
  // The others may be fast enough to have the server killed before this one is connected.
  const client = await StompClient.of(server.wsUrl, SENDERS[index] as string).catch(() => undefined);
  if (!client) return;
  let sent = 0;
  const sendNext = () => {
    const toGroup = sent % 2 === 1;
    const messageId = `${toGroup ? 'group' : 'single'}-${index}-${round}-${sent++}`;
    const [toId, chatType] = toGroup ? ['everybody', 'GROUP'] : [RECEIVERS[index], 'SINGLE'];
    const message = { messageId, toId, chatType, msgType: 'TEXT', content: `text of ${messageId}` };
    client.sendJson('/app/chat.send', message, { receipt: messageId });
  };
  for (let i = 0; i < WINDOW; i++) sendNext();
  try {
    for (;;) {
      confirmed((await client.next('RECEIPT')).headers.get('receipt-id') as string);
      sendNext();
    }
  } catch {
    await client.closed;
  }
}

interface HistoryMessage {
  readonly clientId: string;
  readonly seq: number;
}

async function history(conversationId: string): Promise<HistoryMessage[]> {
  const all: HistoryMessage[] = [];
  for (let before = ''; ; ) {
    const page = (await api(
      'GET',
      `/api/v1/conversations/${conversationId}/messages?limit=200${before}`,
    )) as {
      messages: HistoryMessage[];
      hasMore: boolean;
    };
    all.unshift(...page.messages);
    if (!page.hasMore) return all;
    before = `&before=${page.messages[0]?.seq}`;
  }
}

/** What a user gets at sync, acknowledged only where the server waits for it. */
async function synced(userId: string): Promise<XuqmMessage[]> {
  const client = await StompClient.of(server.wsUrl, userId);
  await client.subscribe(INBOX, { ack: 'client' });
  const messages: XuqmMessage[] = [];
  const acks: string[] = [];
  for (;;) {
    client.sendJson('/app/chat.sync', {});
    for (;;) {
      const frame = await client.next('MESSAGE');
      const message = JSON.parse(Buffer.from(frame.body).toString()) as XuqmMessage | XuqmSyncDone;
      if (message.msgType === 'SYNC_DONE') {
        if (message.complete) {
          await client.close();
          return messages;
        }
        break;
      }
      messages.push(message);
      acks.push(frame.headers.get('ack') as string);
    }
    // The client has to acknowledge before it gets more than a subscription may hold.
    client.send('ACK', { id: acks.at(-1) as string });
  }
}

test('what was confirmed before kill -9 is there after a restart, once, in sequence, and comes at sync', async () => {
  for (const userId of [...SENDERS, ...RECEIVERS]) await (await StompClient.of(server.wsUrl, userId)).close();
  const members = [...SENDERS, ...RECEIVERS].map((userId) => ({ userId }));
  await api('POST', '/api/v1/groups', { id: 'everybody', name: 'Everybody', members });

  const confirmed = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const killAt = confirmed.size + 50 + Math.floor(Math.random() * 1500);
    const killed = Promise.withResolvers<void>();
    const onConfirmed = (messageId: string) => {
      confirmed.add(messageId);
      if (confirmed.size === killAt) void kill('SIGKILL').then(() => killed.resolve());
    };
    await Promise.all([
      ...SENDERS.map((_, index) => sendUntilKilled(index, round, onConfirmed)),
      killed.promise,
    ]);
    server = await start();
  }

  const single = SENDERS.map((sender, index) => `single:${RECEIVERS[index]}:${sender}`);
  const stored = new Map<string, number>();
  for (const conversationId of ['everybody', ...single]) {
    const messages = await history(conversationId);
    assert.deepEqual(
      messages.map(({ seq }) => seq),
      messages.map((_, i) => i + 1),
      `${conversationId} has its sequence without gaps`,
    );
    for (const { clientId } of messages) stored.set(clientId, (stored.get(clientId) ?? 0) + 1);
  }
  for (const messageId of confirmed) assert.equal(stored.get(messageId), 1, `${messageId} is stored once`);
  if (store === 'sqlite') assert.deepEqual(checkDatabase(dataDir).findings, []);

  const groupMessages = [...stored.keys()].filter((id) => id.startsWith('group-'));
  for (const [index, userId] of RECEIVERS.entries()) {
    const ids = (await synced(userId)).map(({ id }) => id);
    const expected = [...stored.keys()]
      .filter((id) => id.startsWith(`single-${index}-`))
      .concat(groupMessages);
    assert.equal(new Set(ids).size, ids.length, 'nothing comes twice');
    assert.deepEqual(new Set(ids), new Set(expected), `${userId} gets all that it did not acknowledge`);
  }
});
