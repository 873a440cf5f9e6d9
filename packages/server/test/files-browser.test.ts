import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { HTML, png } from '../src/files/samples-fixture.ts';
import { type Browser, CHROMIUM, openBrowser } from './support/browser.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

/** A page of an origin that is not the server's. */
const ELSEWHERE = 'http://elsewhere.test';
const TOKEN = tokenOf('alice');

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

async function openPage(origin: string): Promise<Page> {
  const page = await browser.context.newPage();
  const body = '<!doctype html><title>test</title>';
  await page.route(`${origin}/page-for-test`, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${origin}/page-for-test`);
  return page;
}

interface Given {
  readonly url: string;
  readonly token: string;
  readonly bytes: readonly number[];
  readonly type: string;
  readonly name: string;
}

/** Runs in the page: uploads a file and returns its address with the token. */
async function upload({ url, token, bytes, type, name }: Given): Promise<string> {
  const body = new FormData();
  body.append('file', new File([new Uint8Array(bytes)], name, { type }));
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/v1/files`, { method: 'POST', headers, body });
  const file = (await response.json()) as { url: string };
  return `${url}${file.url}?token=${token}`;
}

function uploadFrom(page: Page, bytes: Uint8Array, type: string, name: string): Promise<string> {
  return page.evaluate(upload, { url: server.url, token: TOKEN, bytes: [...bytes], type, name });
}

for (const place of ["the server's own", 'an allowed']) {
  test(`a page of ${place} origin uploads a picture and shows it`, { skip }, async () => {
    const page = await openPage(place === 'an allowed' ? ELSEWHERE : server.url);
    const address = await uploadFrom(page, png(30, 20), 'image/png', '照片.png');
    await page.setContent(`<img src="${address}">`, { waitUntil: 'load' });
    const sizes = await page.$$eval('img', (images) =>
      // biome-ignore lint/suspicious/noExplicitAny: the page's elements
      images.map((image: any) => [image.naturalWidth, image.naturalHeight]),
    );
    assert.deepEqual(sizes, [[30, 20]]);
  });
}

test('a picture that is opened by itself is shown', { skip }, async () => {
  const page = await openPage(server.url);
  await page.goto(await uploadFrom(page, png(30, 20), 'image/png', 'a.png'));
  // biome-ignore lint/suspicious/noExplicitAny: the page's elements
  assert.equal(await page.$eval('img', (image: any) => image.naturalWidth), 30);
});

test('an uploaded page is saved under its name and never shown', { skip }, async () => {
  const page = await openPage(server.url);
  const address = await uploadFrom(page, HTML, 'text/html', '页面.html');
  const saved = page.waitForEvent('download');
  await page.goto(address).catch(() => undefined); // A download ends the navigation.
  assert.equal((await saved).suggestedFilename(), '页面.html');
  assert.equal(page.url(), `${server.url}/page-for-test`);
});
