import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Answer,
  ask,
  assertNotCached,
  get,
  newSession,
  openXhrStream,
  post,
  Stream,
  serveEcho,
  typeOf,
} from '../src/transport/test-support.ts';

const server = await serveEcho();
const echo = `${server.http}/echo`;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

const assertReadableBy = ({ headers }: Pick<Answer, 'headers'>, origin: string): void => {
  assert.equal(headers['access-control-allow-origin'], origin);
  assert.equal(headers['access-control-allow-credentials'], 'true');
};

/** Opens an `xhr` session. */
const openXhr = async (): Promise<string> => {
  const session = echo + newSession();
  assert.equal((await post(`${session}/xhr`)).body, 'o\n');
  return session;
};

const send = async (session: string, body: string): Promise<void> => {
  const answer = await post(`${session}/xhr_send`, body);
  assert.equal(answer.status, 204);
  assert.equal(answer.body, '');
};

describe('xhr', () => {
  it('sends one frame an answer, readable by the page that asked', async () => {
    const session = echo + newSession();
    const headers = { Origin: 'test' };
    const opened = await post(`${session}/xhr`, '', headers);
    assert.equal(opened.body, 'o\n');
    assert.equal(typeOf(opened), 'application/javascript;charset=UTF-8');
    assertReadableBy(opened, 'test');
    assertNotCached(opened);
    const sent = await post(`${session}/xhr_send`, '["x"]', headers);
    assert.equal(sent.status, 204);
    assert.equal(typeOf(sent), 'text/plain;charset=UTF-8');
    assertReadableBy(sent, 'test');
    assertNotCached(sent);
    assert.equal((await post(`${session}/xhr`)).body, 'a["x"]\n');
  });

  it('gathers messages between two polls in one frame', async () => {
    const session = await openXhr();
    const types = [
      'text/plain',
      'T',
      'application/json',
      'application/xml',
      '',
      'application/json; charset=utf-8',
      'text/xml; charset=utf-8',
      'text/xml',
    ];
    for (const type of types) {
      const answer = await post(`${session}/xhr_send`, '["a"]', { 'Content-Type': type });
      assert.equal(answer.status, 204, type);
    }
    assert.equal((await post(`${session}/xhr`)).body, `a[${types.map(() => '"a"').join(',')}]\n`);
  });

  it('outlives bodies that are no SockJS', async () => {
    const session = await openXhr();
    const refused = [
      ['["x', 'Broken JSON encoding.'],
      ['{"a":1}', 'Broken JSON encoding.'],
      ['["a",1]', 'Broken JSON encoding.'],
      ['"a"', 'Broken JSON encoding.'],
      ['', 'Payload expected.'],
    ];
    for (const [body, problem] of refused) {
      const answer = await post(`${session}/xhr_send`, body);
      assert.equal(answer.status, 500);
      assert.equal(answer.body, problem);
    }
    const latin1 = await ask('POST', `${session}/xhr_send`, { body: Buffer.from('["\xe9"]', 'latin1') });
    assert.equal(latin1.status, 500);
    await send(session, '["a"]');
    assert.equal((await post(`${session}/xhr`)).body, 'a["a"]\n');
  });

  it('takes frames without messages', async () => {
    const session = await openXhr();
    await send(session, '[]');
    await send(session, '["a"]');
    assert.equal((await post(`${session}/xhr`)).body, 'a["a"]\n');
  });
});

describe('xhr_streaming', () => {
  it('sends a prelude, then a frame a line', async () => {
    const session = echo + newSession();
    const stream = await Stream.open('POST', `${session}/xhr_streaming`, { headers: { Origin: 'test' } });
    assert.equal(stream.status, 200);
    assert.equal(typeOf(stream), 'application/javascript;charset=UTF-8');
    assertReadableBy(stream, 'test');
    assertNotCached(stream);
    await stream.expect(`${'h'.repeat(2048)}\n`);
    await stream.expect('o\n');
    await send(session, '["x"]');
    await stream.expect('a["x"]\n');
    stream.abort();
  });

  it('ends after the streaming limit, and the session goes on', async () => {
    const session = echo + newSession();
    const stream = await openXhrStream(session);
    await stream.expect('o\n');
    const message = JSON.stringify('x'.repeat(128));
    for (let i = 0; i < 31; i++) {
      await send(session, `[${message}]`);
      await stream.expect(`a[${message}]\n`);
    }
    await stream.expectEnd();
    await send(session, '["next"]');
    const next = await openXhrStream(session);
    await next.expect('a["next"]\n');
    next.abort();
  });
});

describe('eventsource', () => {
  it('sends frames as events', async () => {
    const session = echo + newSession();
    const stream = await Stream.open('GET', `${session}/eventsource`);
    assert.equal(stream.status, 200);
    assert.equal(typeOf(stream), 'text/event-stream');
    assertNotCached(stream);
    await stream.expect('\r\n');
    await stream.expect('data: o\r\n\r\n');
    await send(session, '["x"]');
    await stream.expect('data: a["x"]\r\n\r\n');
    await send(session, '["  \\u0000\\n\\r "]');
    await stream.expect('data: a["  \\u0000\\n\\r "]\r\n\r\n');
    stream.abort();
  });

  it('ends after the streaming limit', async () => {
    const session = echo + newSession();
    const stream = await Stream.open('GET', `${session}/eventsource`);
    await stream.expect('\r\ndata: o\r\n\r\n');
    const message = JSON.stringify('x'.repeat(4096));
    await send(session, `[${message}]`);
    await stream.expect(`data: a[${message}]\r\n\r\n`);
    await stream.expectEnd();
  });
});

describe('htmlfile', () => {
  const page = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`;

  const open = async (session: string): Promise<Stream> => {
    const stream = await Stream.open('GET', `${session}/htmlfile?c=%63allback`);
    const end = '\r\n\r\n';
    let prelude = '';
    while (!prelude.endsWith(end)) prelude += await stream.read(1);
    assert.equal(prelude.trim(), page);
    assert.ok(prelude.length > 1024);
    await stream.expect('<script>\np("o");\n</script>\r\n');
    return stream;
  };

  it('sends frames as scripts', async () => {
    const session = echo + newSession();
    const stream = await open(session);
    assert.equal(stream.status, 200);
    assert.equal(typeOf(stream), 'text/html;charset=UTF-8');
    assertNotCached(stream);
    await send(session, '["x"]');
    await stream.expect('<script>\np("a[\\"x\\"]");\n</script>\r\n');
    stream.abort();
  });

  it('lets no message end its script', async () => {
    const session = echo + newSession();
    const stream = await open(session);
    await send(session, '["</script><script>alert(1)"]');
    await stream.expect('<script>\np("a[\\"\\u003c/script>\\u003cscript>alert(1)\\"]");\n</script>\r\n');
    stream.abort();
  });

  it('ends after the streaming limit', async () => {
    const session = echo + newSession();
    const stream = await open(session);
    const message = 'x'.repeat(4096);
    await send(session, JSON.stringify([message]));
    await stream.expect(`<script>\np("a[\\"${message}\\"]");\n</script>\r\n`);
    await stream.expectEnd();
  });
});

describe('callback parameters', () => {
  for (const transport of ['htmlfile', 'jsonp']) {
    it(`are needed by ${transport}, and must be names`, async () => {
      const missing = await get(`${echo}/a/a/${transport}`);
      assert.equal(missing.status, 500);
      assert.equal(missing.body, '"callback" parameter required');
      for (const callback of ['%20', '*', 'abc(', 'abc%28']) {
        const invalid = await get(`${echo}/a/a/${transport}?c=${callback}`);
        assert.equal(invalid.status, 500);
        assert.equal(invalid.body, 'invalid "callback" parameter');
      }
    });
  }
});

describe('jsonp', () => {
  const open = async (): Promise<string> => {
    const session = echo + newSession();
    assert.equal((await get(`${session}/jsonp?c=x`)).body, '/**/x("o");\r\n');
    return session;
  };

  it('sends one frame an answer, as a call', async () => {
    const session = echo + newSession();
    const opened = await get(`${session}/jsonp?c=%63allback`);
    assert.equal(opened.status, 200);
    assert.equal(typeOf(opened), 'application/javascript;charset=UTF-8');
    assert.equal(opened.headers['x-content-type-options'], 'nosniff');
    assertNotCached(opened);
    assert.equal(opened.body, '/**/callback("o");\r\n');
    const sent = await post(`${session}/jsonp_send`, 'd=%5B%22x%22%5D', FORM);
    assert.equal(sent.status, 200);
    assert.equal(sent.body, 'ok');
    assert.equal(typeOf(sent), 'text/plain;charset=UTF-8');
    assertNotCached(sent);
    assert.equal((await get(`${session}/jsonp?c=%63allback`)).body, '/**/callback("a[\\"x\\"]");\r\n');
  });

  it('outlives bodies that are no SockJS', async () => {
    const session = await open();
    const broken = await post(`${session}/jsonp_send`, 'd=%5B%22x', FORM);
    assert.equal(broken.status, 500);
    assert.equal(broken.body, 'Broken JSON encoding.');
    for (const body of ['', 'd=', 'p=p']) {
      const answer = await post(`${session}/jsonp_send`, body, FORM);
      assert.equal(answer.status, 500);
      assert.equal(answer.body, 'Payload expected.');
    }
    assert.equal((await post(`${session}/jsonp_send`, 'd=%5B%5D', FORM)).body, 'ok');
    assert.equal((await post(`${session}/jsonp_send`, 'd=%5B%22b%22%5D', FORM)).body, 'ok');
    assert.equal((await get(`${session}/jsonp?c=x`)).body, '/**/x("a[\\"b\\"]");\r\n');
  });

  it('takes messages as a form or as they are', async () => {
    const session = await open();
    assert.equal((await post(`${session}/jsonp_send`, 'd=%5B%22abc%22%5D', FORM)).body, 'ok');
    const plain = await post(`${session}/jsonp_send`, '["%61bc"]', { 'Content-Type': 'text/plain' });
    assert.equal(plain.body, 'ok');
    assert.equal((await get(`${session}/jsonp?c=x`)).body, '/**/x("a[\\"abc\\",\\"%61bc\\"]");\r\n');
  });

  it('repeats the close frame', async () => {
    const session = `${server.http}/close${newSession()}`;
    assert.equal((await get(`${session}/jsonp?c=x`)).body, '/**/x("o");\r\n');
    for (let i = 0; i < 2; i++) {
      assert.equal((await get(`${session}/jsonp?c=x`)).body, '/**/x("c[3000,\\"Go away!\\"]");\r\n');
    }
  });
});

describe('the JSESSIONID cookie', () => {
  const sticky = `${server.http}/cookie_needed_echo`;
  const cookieOf = ({ headers }: Pick<Answer, 'headers'>): string[] | undefined => headers['set-cookie'];
  const dummy = ['JSESSIONID=dummy; path=/'];

  it('is set by every session URL', async () => {
    const session = sticky + newSession();
    assert.deepEqual(cookieOf(await post(`${session}/xhr`)), dummy);
    assert.deepEqual(cookieOf(await post(`${session}/xhr_send`, '["x"]')), dummy);
    assert.deepEqual(cookieOf(await get(`${session}/jsonp?c=x`)), dummy);
    assert.deepEqual(cookieOf(await post(`${session}/jsonp_send`, '["x"]')), dummy);
    for (const [method, path] of [
      ['POST', 'xhr_streaming'],
      ['GET', 'eventsource'],
      ['GET', 'htmlfile?c=x'],
    ] as const) {
      const stream = await Stream.open(method, `${sticky}${newSession()}/${path}`);
      assert.deepEqual(cookieOf(stream), dummy);
      stream.abort();
    }
  });

  it('is repeated if it is there', async () => {
    const given = async (cookie: string): Promise<string[] | undefined> =>
      cookieOf(await post(`${sticky}${newSession()}/xhr`, '', { Cookie: cookie }));
    assert.deepEqual(await given('JSESSIONID=abcdef'), ['JSESSIONID=abcdef; path=/']);
    assert.deepEqual(await given('a=b; JSESSIONID=1.node-2; c=d'), ['JSESSIONID=1.node-2; path=/']);
    assert.deepEqual(await given('OTHERJSESSIONID=x'), dummy);
    assert.deepEqual(await given('JSESSIONID='), dummy);
  });

  it('is not set where it is not wanted', async () => {
    assert.equal(cookieOf(await post(`${echo}${newSession()}/xhr`)), undefined);
  });
});

describe('characters that browsers change', () => {
  const inRanges = (...ranges: (readonly [number, number])[]): string[] =>
    ranges.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)),
    );

  it('are escaped on the way out', async () => {
    const session = await openXhr();
    const killers = inRanges([0x200c, 0x200f], [0x2028, 0x202f], [0x2060, 0x206f], [0xfff0, 0xffff]);
    await send(session, `["${killers.join('')}"]`);
    const escaped = killers.map((unit) => `\\u${unit.charCodeAt(0).toString(16)}`).join('');
    assert.equal((await post(`${session}/xhr`)).body, `a["${escaped}"]\n`);
  });

  it('are read escaped on the way in, lone surrogates among them', async () => {
    const session = await openXhr();
    const everything = inRanges([0, 0xd7ff], [0xd800, 0xffff]).reverse().join('');
    const escaped = [...everything]
      .flatMap((character) => character.split(''))
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    // In parts, since all of it is larger than one message may be.
    for (let start = 0; start < everything.length; start += 8192) {
      await send(session, `["${escaped.slice(start, start + 8192).join('')}"]`);
      const frame = (await post(`${session}/xhr`)).body;
      assert.deepEqual(JSON.parse(frame.slice(1)), [everything.slice(start, start + 8192)]);
    }
  });
});
