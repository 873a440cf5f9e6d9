import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { XuqmError, XuqmMessage } from '@haina/wire';
import { ERRORS } from './support/refusals.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const TROUBLE = join(import.meta.dirname, 'support/plugins/trouble.ts');
const INBOX = '/user/queue/messages';

/** What a plug-in can do wrong, how it is counted, and whether its process is lost over it. */
const FAULTS = [
  ['throw', 'failed', 'stays'],
  ['reject', 'failed', 'stays'],
  ['answer nonsense', 'failed', 'stays'],
  ['answer what has no JSON form', 'failed', 'stays'],
  ['answer more than is taken', 'failed', 'stays'],
  ['post to a thread that is not there', 'failed', 'stays'],
  ['change a text to a number', 'failed', 'stays'],
  ['change what there is not', 'failed', 'stays'],
  ['never answer', 'timeout', 'stays'],
  ['loop', 'timeout', 'is lost'],
  ['exit', 'failed', 'is lost'],
  ['throw later', undefined, 'is lost'],
  ['leave a rejection', undefined, 'is lost'],
  // Out of memory, or out of time, whichever comes first on this machine.
  ['hog', undefined, 'is lost'],
  ['allocate much at once', undefined, 'is lost'],
  ['close every descriptor', undefined, 'is lost'],
] as const;

for (const [fault, outcome, its] of FAULTS) {
  describe(`a plug-in that is to ${fault}`, () => {
    let server: TestServer;
    let ann: StompClient;
    let ben: StompClient;

    before(async () => {
      server = await startTestServer({
        plugins: [TROUBLE],
        pluginMemory: 32 * 1024 * 1024,
        pluginTimeout: 500,
      });
      ann = await StompClient.of(server.wsUrl, 'ann');
      ben = await StompClient.of(server.wsUrl, 'ben');
      await ann.subscribe(ERRORS);
      await ben.subscribe(INBOX);
    });
    after(async () => {
      await Promise.all([ann, ben].map((client) => client.drop()));
      await server.stop();
    });

    const count = async (name: string, labels = ''): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const line = text.split('\n').find((found) => found.startsWith(`${name}{plugin="trouble"${labels}`));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const send = (text: string): void =>
      ann.sendJson(
        '/app/chat.send',
        { messageId: text, toId: 'ben', chatType: 'SINGLE', msgType: 'TEXT', content: text },
        { receipt: text },
      );
    /** Sends until it is taken: while its process is restarted, the plug-in is not passed by. */
    const sendUntilTaken = async (text: string): Promise<void> => {
      for (;;) {
        send(text);
        const frame = await ann.nextMatching('an answer', () => true);
        if (frame.command === 'RECEIPT') return;
        const refusal = JSON.parse(Buffer.from(frame.body).toString()) as XuqmError;
        assert.equal(refusal.code, 'EINTERNAL');
        assert.match(
          refusal.message,
          /^the plug-in trouble (is being restarted|has too much to do); try again$/,
        );
      }
    };

    test('has that one message refused, and the next one goes through', async () => {
      send(fault);
      const { code, message, messageId } = await ann.nextAt<XuqmError>(ERRORS);
      assert.deepEqual([code, messageId], ['EINTERNAL', fault]);
      assert.match(message, /^the plug-in trouble (failed|did not answer within 500 ms|is being restarted)/);
      await sendUntilTaken('next');
      assert.equal((await ben.nextAt<XuqmMessage>(INBOX)).id, 'next');
    });

    test('is counted', async () => {
      if (outcome) assert.equal(await count('haina_plugin_calls_total', `,outcome="${outcome}"`), 1);
      assert.equal(await count('haina_plugin_restarts_total'), its === 'is lost' ? 1 : 0);
    });

    test('does not stop what it has no say in', async () => {
      send(fault);
      const im = await StompClient.connect(server.wsUrl, tokenOf('cleo'), '/ws');
      await im.confirmed('/app/private-message', { receiverId: 'ben', content: 'meanwhile' });
      assert.equal((await ben.nextAt<XuqmMessage>(INBOX)).content, 'meanwhile');
      assert.equal((await ann.nextAt<XuqmError>(ERRORS)).messageId, fault);
      await im.drop();
    });

    test('keeps an event from live sessions and not from their next sync', async () => {
      await sendUntilTaken(`event: ${fault}`);
      await sendUntilTaken('after the event');
      // Nothing live is certain while the process is restarted: the sync tells all.
      const heard = new Set<string>();
      while (heard.size < 2) {
        ben.sendJson('/app/chat.sync', {});
        for (;;) {
          const { msgType, content } = await ben.nextAt<{ msgType: string; content: string }>(INBOX);
          if (msgType === 'SYNC_DONE') break;
          if (content === `event: ${fault}` || content === 'after the event') heard.add(content);
        }
      }
    });

    test('as a listener costs nobody anything', async () => {
      await sendUntilTaken(`listen: ${fault}`);
      await sendUntilTaken('after the listener');
    });
  });
}

test('a server whose plug-in hangs refuses CONNECT and SUBSCRIBE with an error, and serves again after it', async () => {
  const server = await startTestServer({ plugins: [TROUBLE] });
  const refused = await StompClient.open(`${server.wsUrl}/ws/im`);
  const token = tokenOf('dan', { name: 'never answer' });
  refused.send('CONNECT', { 'accept-version': '1.2', Authorization: token });
  assert.equal((await refused.next('ERROR')).headers.get('message'), 'Internal error');
  assert.equal((await refused.closed).code, 1011);
  const client = await StompClient.of(server.wsUrl, 'dan');
  await client.subscribe(ERRORS);
  client.send('SUBSCRIBE', { id: 'x', destination: '/topic/group/loop' });
  const { code, destination } = await client.nextAt<XuqmError>(ERRORS);
  assert.deepEqual([code, destination], ['EINTERNAL', '/topic/group/loop']);
  await client.drop();
  await server.stop();
});

test('a server stops though a plug-in is stuck', async () => {
  const server = await startTestServer({ plugins: [TROUBLE], pluginTimeout: 60_000 });
  const ann = await StompClient.of(server.wsUrl, 'ann');
  ann.sendJson('/app/chat.send', { toId: 'ann', chatType: 'SINGLE', msgType: 'TEXT', content: 'loop' });
  await ann.drop();
  await server.stop();
});
