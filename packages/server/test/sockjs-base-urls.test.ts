import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Answer,
  ask,
  assertNotCached,
  get,
  newSession,
  post,
  serveEcho,
  typeOf,
} from '../src/transport/test-support.ts';

const server = await serveEcho({ sockJsClientUrl: '/assets/sockjs.min.js?a=1&b="2"' });
const echo = `${server.http}/echo`;

const assertCachedForLong = (answer: Answer): void => {
  assert.match(answer.headers['cache-control'] ?? '', /public/);
  assert.match(answer.headers['cache-control'] ?? '', /max-age=[1-9][0-9]{6}/);
  assert.ok(Date.parse(answer.headers.expires ?? '') > Date.now());
};

describe('the base URL', () => {
  it('greets, with and without a slash', async () => {
    for (const url of [echo, `${echo}/`]) {
      const answer = await get(url);
      assert.equal(answer.status, 200);
      assert.equal(typeOf(answer), 'text/plain;charset=UTF-8');
      assert.equal(answer.body, 'Welcome to SockJS!\n');
      assert.equal(answer.headers['set-cookie'], undefined);
    }
  });

  it('knows no other simple paths', async () => {
    for (const suffix of ['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/']) {
      assert.equal((await get(echo + suffix)).status, 404, suffix);
    }
  });

  it('allows no other methods', async () => {
    const answer = await post(echo);
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, 'GET');
    assert.equal(answer.headers['content-type'], undefined);
    assert.equal(answer.body, '');
  });
});

describe('the iframe page', () => {
  const expected = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="/assets/sockjs.min.js?a=1&#38;b=&#34;2&#34;"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`;

  it('is served for any version, with and without a query, to be cached for long', async () => {
    const suffixes = [
      '/iframe.html',
      '/iframe-a.html',
      '/iframe-.html',
      '/iframe-0.1.2.html',
      '/iframe-0.1.2abc-dirty.2144.html',
      '/iframe-a.html?t=1234',
      '/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123',
    ];
    for (const suffix of suffixes) {
      const answer = await get(echo + suffix);
      assert.equal(answer.status, 200, suffix);
      assert.equal(typeOf(answer), 'text/html;charset=UTF-8');
      assert.equal(answer.body, expected);
      assertCachedForLong(answer);
      assert.ok(answer.headers.etag);
      assert.equal(answer.headers['last-modified'], undefined);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
  });

  it('is not served under names that only look similar', async () => {
    const suffixes = [
      '/iframe.htm',
      '/iframe',
      '/IFRAME.HTML',
      '/IFRAME',
      '/iframe.HTML',
      '/iframe.xml',
      '/iframe-/.html',
    ];
    for (const suffix of suffixes) assert.equal((await get(echo + suffix)).status, 404, suffix);
  });

  it('answers 304 to who has it', async () => {
    const { headers } = await get(`${echo}/iframe.html`);
    const answer = await get(`${echo}/iframe.html`, { 'If-None-Match': headers.etag });
    assert.equal(answer.status, 304);
    assert.equal(answer.headers['content-type'], undefined);
    assert.equal(answer.body, '');
  });
});

describe('info', () => {
  it('tells what the service can do, to be cached by nobody', async () => {
    const answer = await get(`${echo}/info`, { Origin: 'test' });
    assert.equal(answer.status, 200);
    assert.equal(typeOf(answer), 'application/json;charset=UTF-8');
    assertNotCached(answer);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.headers['access-control-allow-origin'], 'test');
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
    const { entropy, ...rest } = JSON.parse(answer.body);
    assert.deepEqual(rest, { websocket: true, cookie_needed: false, origins: ['*:*'] });
    assert.ok(Number.isInteger(entropy) && entropy >= 0 && entropy < 2 ** 32);
  });

  it('gives other entropy each time', async () => {
    const [first, second] = await Promise.all([get(`${echo}/info`), get(`${echo}/info`)]);
    assert.notEqual(JSON.parse(first.body).entropy, JSON.parse(second.body).entropy);
  });

  it('tells that WebSockets are off, or that cookies are needed', async () => {
    assert.equal(
      JSON.parse((await get(`${server.http}/disabled_websocket_echo/info`)).body).websocket,
      false,
    );
    const answer = await get(`${server.http}/cookie_needed_echo/info`);
    assert.equal(JSON.parse(answer.body).cookie_needed, true);
    assert.equal(answer.headers['set-cookie'], undefined);
  });
});

describe('CORS', () => {
  const preflighted = [
    ['/info', 'OPTIONS, GET'],
    ['/abc/abc/xhr', 'OPTIONS, POST'],
    ['/abc/abc/xhr_send', 'OPTIONS, POST'],
    ['/abc/abc/xhr_streaming', 'OPTIONS, POST'],
  ] as const;

  for (const [path, methods] of preflighted) {
    it(`answers preflights of ${path}, to be cached for long`, async () => {
      for (const origin of ['test', 'null']) {
        const headers = { Origin: origin, 'Access-Control-Request-Method': methods };
        const answer = await ask('OPTIONS', echo + path, { headers });
        assert.equal(answer.status, 204);
        assertCachedForLong(answer);
        assert.ok(Number(answer.headers['access-control-max-age']) > 1_000_000);
        assert.equal(answer.headers['access-control-allow-methods'], methods);
        assert.equal(answer.headers['access-control-allow-origin'], origin);
        assert.equal(answer.headers['access-control-allow-credentials'], 'true');
        assert.equal(answer.body, '');
      }
    });
  }

  it('allows the headers that were asked for', async () => {
    const url = `${echo}${newSession()}/xhr`;
    const allowed = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await ask('OPTIONS', url, { headers: { Origin: 'test', ...headers } })).headers[
        'access-control-allow-headers'
      ];
    assert.equal(await allowed({ 'Access-Control-Request-Headers': 'a, b, c' }), 'a, b, c');
    assert.equal(await allowed({ 'Access-Control-Request-Headers': '' }), undefined);
    assert.equal(await allowed({}), undefined);
  });

  it('lets everyone read where no origin was given, without credentials', async () => {
    const answer = await get(`${echo}/info`);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  });
});

describe('session URLs', () => {
  it('take any server and session name', async () => {
    const suffix = newSession().slice(-8);
    for (const path of ['/a/a', '/_/_', '/1/1', '/abcdefgh_i-j%20/abcdefg_i-j%20']) {
      const answer = await post(`${echo}${path}${suffix}/xhr`);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'o\n');
    }
  });

  it('take no empty name, none with a dot, and no path of another depth', async () => {
    for (const path of ['//', '/a./a', '/a/a.', '/./.', '/', '///', '/a/a/a']) {
      assert.equal((await get(`${echo}${path}/xhr`)).status, 404, path);
      assert.equal((await post(`${echo}${path}/xhr`)).status, 404, path);
    }
    assert.equal((await post(`${echo}/a/a/xhr/`)).status, 404);
    assert.equal((await post(`${echo}/a/a/nothing`)).status, 404);
  });

  it('allow the methods of their transport only', async () => {
    const methods = {
      GET: ['eventsource', 'htmlfile?c=x', 'jsonp?c=x'],
      POST: ['xhr', 'xhr_streaming', 'xhr_send', 'jsonp_send'],
    };
    for (const path of methods.GET) {
      const answer = await post(`${echo}${newSession()}/${path}`);
      assert.equal(answer.status, 405, path);
      assert.equal(answer.headers.allow, 'OPTIONS, GET');
    }
    for (const path of methods.POST) {
      const answer = await get(`${echo}${newSession()}/${path}`);
      assert.equal(answer.status, 405, path);
      assert.equal(answer.headers.allow, 'OPTIONS, POST');
      assert.equal(answer.headers['content-type'], undefined);
      assert.equal(answer.body, '');
    }
  });

  it('name the same session whatever the server part says', async () => {
    const id = newSession().slice('/000'.length);
    assert.equal((await post(`${echo}/000${id}/xhr`)).body, 'o\n');
    assert.equal((await post(`${echo}/000${id}/xhr_send`, '["a"]')).status, 204);
    assert.equal((await post(`${echo}/999${id}/xhr`)).body, 'a["a"]\n');
  });
});
