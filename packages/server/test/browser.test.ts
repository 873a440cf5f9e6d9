import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, CHROMIUM, openBrowser } from './support/browser.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

const { resolve } = createRequire(import.meta.url);
const SOCKJS = resolve('sockjs-client/dist/sockjs.min.js');
const STOMP = resolve('@stomp/stompjs').replace(/[^/]+$/, 'stomp.umd.min.js');
/** A page of an origin that is not the server's. */
const ELSEWHERE = 'http://elsewhere.test';

/** Missing in CI is a failure, as the test command installs it there. */
const skip = CHROMIUM || process.env.CI ? false : 'no Chromium on this machine';

let server: TestServer;
let browser: Browser;

before(async () => {
  if (skip) return;
  server = await startTestServer({ allowedOrigins: [ELSEWHERE] });
  browser = await openBrowser();
});
after(async () => {
  if (skip) return;
  await browser.close();
  await server.stop();
});

/** A page that has both client libraries, and no WebSocket where that is blocked. */
async function openPage(origin: string, webSockets: boolean): Promise<Page> {
  const page = await browser.context.newPage();
  await page.route(`${origin}/page-for-test`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>test</title>' }),
  );
  if (!webSockets) await page.addInitScript('delete window.WebSocket');
  await page.goto(`${origin}/page-for-test`);
  await page.addScriptTag({ path: SOCKJS });
  await page.addScriptTag({ path: STOMP });
  return page;
}

interface Talk {
  readonly url: string;
  readonly transports: string[] | undefined;
  readonly tokens: [string, string];
  readonly ids: [string, string];
}

/** Runs in the page: two people chat, one takes a message back. Returns what the other saw, and how. */
async function talk({ url, transports, tokens, ids }: Talk): Promise<string[]> {
  // biome-ignore lint/suspicious/noExplicitAny: the page's globals
  const { SockJS, StompJs } = globalThis as any;
  const seen: string[] = [];
  const open = async (token: string, onMessage: (body: { content: string; status: string }) => void) => {
    const socket = new SockJS(`${url}?token=${token}`, null, transports ? { transports } : {});
    const client = new StompJs.Client({ webSocketFactory: () => socket, reconnectDelay: 0 });
    await new Promise<void>((connected, failed) => {
      client.onConnect = connected;
      client.onWebSocketClose = (event: { code: number; reason: string }) =>
        failed(new Error(`closed ${event.code} ${event.reason}`));
      client.activate();
    });
    const confirmed = (send: (receipt: string) => void) =>
      new Promise<void>((done) => {
        const receipt = String(Math.random());
        client.watchForReceipt(receipt, done);
        send(receipt);
      });
    await confirmed((receipt) =>
      client.subscribe(
        '/user/queue/messages',
        (message: { body: string }) => onMessage(JSON.parse(message.body)),
        { receipt },
      ),
    );
    const publish = (destination: string, body: object) =>
      confirmed((receipt) =>
        client.publish({ destination, body: JSON.stringify(body), headers: { receipt } }),
      );
    return { client, socket, publish };
  };
  let revoked = () => {};
  const isRevoked = new Promise<void>((done) => {
    revoked = done;
  });
  const bob = await open(tokens[1], ({ content, status }) => {
    seen.push(`${status} ${content}`);
    if (status === 'REVOKED') revoked();
  });
  const alice = await open(tokens[0], () => {});
  const message = { toId: ids[1], chatType: 'SINGLE', msgType: 'TEXT' };
  for (const text of ['你好, 海纳 😀', '</script>\u2028"quoted"\\']) {
    await alice.publish('/app/chat.send', { ...message, messageId: `${ids[0]} ${text}`, content: text });
  }
  await alice.publish('/app/chat.revoke', { messageId: `${ids[0]} 你好, 海纳 😀` });
  await isRevoked;
  const { transport } = bob.socket;
  await Promise.all([alice.client.deactivate(), bob.client.deactivate()]);
  return [transport, ...seen];
}

let runs = 0;

async function talkIn(page: Page, transports?: string[]): Promise<string[]> {
  const ids: [string, string] = [`a${++runs}`, `b${runs}`];
  // A user is known from its first token on.
  for (const id of ids) await server.call('GET', '/api/v1/groups', tokenOf(id));
  const tokens: [string, string] = [tokenOf(ids[0]), tokenOf(ids[1])];
  return page.evaluate(talk, { url: `${server.url}/ws/im`, transports, tokens, ids });
}

const SEEN = ['SENT 你好, 海纳 😀', 'SENT </script>\u2028"quoted"\\', 'REVOKED '];

test('a browser whose WebSockets are blocked still chats', { skip }, async () => {
  const page = await openPage(server.url, false);
  const [transport, ...seen] = await talkIn(page);
  assert.deepEqual(seen, SEEN);
  assert.equal(transport, 'xhr-streaming');
  await page.close();
});

test('a browser chats over WebSocket by default', { skip }, async () => {
  const page = await openPage(server.url, true);
  assert.deepEqual(await talkIn(page), ['websocket', ...SEEN]);
  await page.close();
});

for (const transport of ['xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling']) {
  test(`a browser chats over ${transport}`, { skip }, async () => {
    const page = await openPage(server.url, true);
    assert.deepEqual(await talkIn(page, [transport]), [transport, ...SEEN]);
    await page.close();
  });
}

for (const transport of [
  'websocket',
  'xhr-streaming',
  'iframe-eventsource',
  'iframe-xhr-polling',
  'jsonp-polling',
]) {
  test(`a page of an allowed origin elsewhere chats over ${transport}`, { skip }, async () => {
    const page = await openPage(ELSEWHERE, true);
    assert.deepEqual(await talkIn(page, [transport]), [transport, ...SEEN]);
    await page.close();
  });
}

test('a page of another origin does not get in', { skip }, async () => {
  const page = await openPage('http://stranger.test', true);
  for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling']) {
    await assert.rejects(talkIn(page, [transport]), /closed/, transport);
  }
  await page.close();
});
