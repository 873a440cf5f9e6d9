import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { XuqmError, XuqmMessage } from '@haina/wire';
import { ERRORS } from './support/refusals.ts';
import { RoomClient } from './support/room-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const folder = mkdtempSync(join(tmpdir(), 'haina-shipped-'));
after(() => rmSync(folder, { recursive: true }));

const INBOX = '/user/queue/messages';

interface Pair {
  readonly server: TestServer;
  /** Speaks `im`. */
  readonly ann: StompClient;
  /** Speaks `xuqm`. */
  readonly ben: StompClient;
}

/** Two users at a server with one of the plug-ins. */
async function withPlugin(
  plugin: string,
  options: object,
  act: (pair: Pair) => Promise<void>,
  settings: { readonly dataDir?: string } = {},
): Promise<void> {
  const server = await startTestServer({
    ...settings,
    plugins: [plugin],
    pluginOptions: { [plugin]: options },
    pluginTimeout: 60_000,
  });
  const ann = await StompClient.connect(server.wsUrl, tokenOf('ann'), '/ws');
  const ben = await StompClient.of(server.wsUrl, 'ben');
  await ann.subscribe(ERRORS);
  await ben.subscribe(INBOX);
  try {
    await act({ server, ann, ben });
  } finally {
    await Promise.all([ann, ben].map((client) => client.drop()));
    await server.stop();
  }
}

const send = (client: StompClient, content: unknown, clientMsgId = 'm', msgType = 0): Promise<unknown> =>
  client.confirmed('/app/private-message', { receiverId: 'ben', content, clientMsgId, msgType });

async function next(ben: StompClient): Promise<XuqmMessage['content']> {
  return (await ben.nextAt<XuqmMessage>(INBOX)).content;
}

test('sensitive-words masks what is sent and edited, from a list and a file', async () => {
  const file = join(folder, 'words.txt');
  writeFileSync(file, '# words\n笨蛋\r\n\n');
  await withPlugin('sensitive-words', { words: ['darn'], file, mask: '#' }, async ({ ann, ben }) => {
    await send(ann, 'Ｄarn you, 大笨蛋!');
    assert.equal(await next(ben), '#### you, 大##!');
    await ann.confirmed('/app/edit-message', { messageId: 'm', newContent: '笨\u200b蛋' });
    assert.equal(await next(ben), '###');
  });
});

test('sensitive-words reads its file again when it changes, and keeps the words where it can not', async () => {
  const file = join(folder, 'changing.txt');
  writeFileSync(file, 'darn\n');
  await withPlugin('sensitive-words', { file }, async ({ ann, ben }) => {
    let sent = 0;
    const becomes = async (text: string, expected: string) => {
      for (let got: unknown = ''; got !== expected; ) {
        await send(ann, text, `m${sent++}`);
        got = await next(ben);
      }
    };
    await becomes('darn heck', '**** heck');
    writeFileSync(`${file}.new`, 'heck\n');
    renameSync(`${file}.new`, file);
    await becomes('darn heck', 'darn ****');
    rmSync(file);
    await becomes('darn heck', 'darn ****');
    writeFileSync(file, 'darn\nheck\n');
    await becomes('darn heck', '**** ****');
  });
});

test('sensitive-words takes a hundred thousand words', async () => {
  const file = join(folder, 'many.txt');
  writeFileSync(
    file,
    Array.from({ length: 100_000 }, (_, n) => `word${(n * 7919).toString(36)}tail`).join('\n'),
  );
  await withPlugin('sensitive-words', { file }, async ({ ann, ben }) => {
    await send(ann, `a word${(4711 * 7919).toString(36)}tail b`);
    assert.match(String(await next(ben)), /^a \*{8,} b$/);
  });
});

test('sensitive-words leaves what is beside the text alone, unless it is told to', async () => {
  const card = { content: 'darn', contentExtra: { userId: 'ben', nickname: 'darn' } };
  for (const [extra, nickname] of [
    [false, 'darn'],
    [true, '****'],
  ] as const) {
    await withPlugin('sensitive-words', { words: ['darn'], extra }, async ({ ann, ben }) => {
      await send(ann, card, 'm', 6);
      assert.deepEqual(await next(ben), { text: '****', userId: 'ben', nickname });
    });
  }
});

test('sensitive-words refuses where it is told to', async () => {
  await withPlugin('sensitive-words', { words: ['darn'], action: 'refuse' }, async ({ ann, ben }) => {
    ann.sendJson('/app/private-message', { receiverId: 'ben', content: 'Darn!', clientMsgId: 'm' });
    const { code, message } = await ann.nextAt<XuqmError>(ERRORS);
    assert.deepEqual([code, message], ['EPERM', 'content has words that are not allowed here']);
    await send(ann, 'nice', 'n');
    assert.equal(await next(ben), 'nice');
  });
});

test('sensitive-words masks what mimi clients send too', async () => {
  await withPlugin('sensitive-words', { words: ['darn'] }, async ({ server, ann, ben }) => {
    const { body } = await server.call('GET', '/api/v1/users/me', tokenOf('ben'));
    const client = await StompClient.connect(server.wsUrl, tokenOf('cleo'), '/Mimi/client');
    const message = { msgID: 'm', reciverId: (body as { uid: number }).uid, content: 'Darn!' };
    await client.confirmed('/socket/chat/send', message);
    assert.equal(await next(ben), '****!');
    await client.drop();
    await send(ann, 'fine');
  });
});

test('sensitive-words masks what guests say in rooms, and a guest gets it before it leaves', async () => {
  await withPlugin('sensitive-words', { words: ['darn'] }, async ({ server }) => {
    const [one, two] = [await RoomClient.connect(server.wsUrl), await RoomClient.connect(server.wsUrl)];
    const [first, second] = [
      { id: 'g1', personName: 'One' },
      { id: 'g2', personName: 'Two' },
    ];
    await one.join(first, 'r1');
    await two.join(second, 'r1');
    await one.chat(first, 'r1', 'Darn!');
    await one.leave(first, 'r1');
    for (const client of [one, two]) assert.equal((await client.nextChat()).content, '****!');
    await Promise.all([one, two].map((client) => client.drop()));
  });
});

test('strip-html leaves text; a message of nothing but HTML is refused as an empty one', async () => {
  await withPlugin('strip-html', {}, async ({ ann, ben }) => {
    await send(ann, '<p>one &amp; <b>two</b></p><script>alert(1)</script>');
    assert.equal(await next(ben), 'one &amp; two');
    await ann.confirmed('/app/edit-message', { messageId: 'm', newContent: '<i>three</i>' });
    assert.equal(await next(ben), 'three');
    ann.sendJson('/app/private-message', { receiverId: 'ben', content: '<img src=x>', clientMsgId: 'n' });
    assert.equal((await ann.nextAt<XuqmError>(ERRORS)).code, 'EINVAL');
  });
});

test('audit-log has a line for each message that was sent, edited, recalled or hidden, and no content', async () => {
  const file = join(folder, 'audit.jsonl');
  await withPlugin('audit-log', { file }, async ({ ann, ben }) => {
    await send(ann, 'one', 'c-1');
    await ann.confirmed('/app/edit-message', { messageId: 'c-1', newContent: 'two', editReason: 'better' });
    await ben.confirmed('/app/chat.send', {
      toId: 'ann',
      chatType: 'SINGLE',
      msgType: 'TEXT',
      content: 'three',
    });
    await ann.confirmed('/app/delete-message', { messageId: 'c-1', deleteScope: 0 });
    await send(ann, 'four', 'c-2');
    await ann.confirmed('/app/delete-message', { messageId: 'c-2', deleteScope: 1, deleteReason: 'a slip' });
  });
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    records.map(({ event, by, dialect, seq, reason }) => [event, by, dialect, seq, reason]),
    [
      ['message.created', 'ann', 'im', 1, undefined],
      ['message.edited', 'ann', 'im', 1, 'better'],
      ['message.created', 'ben', 'xuqm', 2, undefined],
      ['message.hidden', 'ann', 'im', 1, undefined],
      ['message.created', 'ann', 'im', 3, undefined],
      ['message.recalled', 'ann', 'im', 3, 'a slip'],
    ],
  );
  for (const { at, tenant, conversationId, content } of records) {
    assert.ok(Math.abs(Number(at) - Date.now()) < 60_000);
    assert.deepEqual([tenant, conversationId, content], ['default', 'single:ann:ben', undefined]);
  }
});

test('audit-log is in the data folder, unless it is told an absolute path', async () => {
  const dataDir = join(folder, 'data');
  await withPlugin('audit-log', {}, ({ ann }) => send(ann, 'one', 'c-1').then(() => {}), { dataDir });
  assert.ok(existsSync(join(dataDir, 'audit.jsonl')));
});

test('audit-log tells what an administrator took out by the HTTP API, and that it was there', async () => {
  const file = join(folder, 'admin.jsonl');
  await withPlugin('audit-log', { file }, async ({ server, ann }) => {
    await send(ann, 'one', 'c-1');
    const headers = { authorization: `Bearer ${tokenOf('boss', { role: 'admin' })}` };
    const history = await fetch(`${server.url}/api/v1/conversations/single:ann:ben/messages`, { headers });
    const { messages } = (await history.json()) as { messages: { id: string }[] };
    const address = `${server.url}/api/v1/messages/${messages[0]?.id}`;
    const recall = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
    assert.equal((await fetch(`${address}/recall`, { ...recall, body: '{"reason":"a slip"}' })).status, 200);
    assert.equal((await fetch(`${address}?reason=spam`, { method: 'DELETE', headers })).status, 204);
  });
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    records.map(({ event, by, dialect, reason }) => [event, by, dialect, reason]),
    [
      ['message.created', 'ann', 'im', undefined],
      ['message.recalled', 'boss', 'http', 'a slip'],
      ['message.deleted', 'boss', 'http', 'spam'],
    ],
  );
});

test('audit-log writes contents where it is told to, names the dialect of who acted, and rotates', async () => {
  const file = join(folder, 'full.jsonl');
  await withPlugin('audit-log', { file, content: true, maxBytes: 1024, keep: 2 }, async ({ server, ann }) => {
    await send(ann, 'by im', 'c-1');
    const other = await StompClient.of(server.wsUrl, 'ann');
    await other.confirmed('/app/chat.revoke', { messageId: 'c-1' });
    for (let i = 0; i < 10; i++) await send(ann, 'x'.repeat(400), `full-${i}`);
    await other.drop();
  });
  const files = readdirSync(folder).filter((name) => name.startsWith('full.jsonl'));
  assert.deepEqual(files.sort(), ['full.jsonl', 'full.jsonl.1', 'full.jsonl.2']);
  const last = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  assert.deepEqual((JSON.parse(last) as { content: object }).content, {
    type: 'text',
    text: 'x'.repeat(400),
    extra: null,
  });
});
