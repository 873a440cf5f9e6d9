import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, test } from 'node:test';
import { ManualTimers } from '../../stomp/testing/manual-timers.ts';
import { HttpPoster } from './http-poster.ts';

const timers = new ManualTimers();
const open = new HttpPoster({ timers, timeout: 1000, allowPrivate: true });
const strict = new HttpPoster({ timers, timeout: 1000, allowPrivate: false });
const servers: Server[] = [];
after(() => {
  open.close();
  strict.close();
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('the status of the answer comes back, and no timer stays', async () => {
  const port = await serve((request, response) => {
    assert.deepEqual([request.method, request.headers['x-test']], ['POST', 'yes']);
    request.resume().on('end', () => response.writeHead(503).end('sorry'));
  });
  assert.equal(await open.post(`http://127.0.0.1:${port}/`, { 'x-test': 'yes' }, '{}'), 503);
  assert.equal(timers.pending, 0);
});

test('a redirect is an answer, and is not followed', async () => {
  const paths: (string | undefined)[] = [];
  const port = await serve((request, response) => {
    paths.push(request.url);
    request.resume().on('end', () => response.writeHead(302, { location: '/inside' }).end());
  });
  assert.equal(await open.post(`http://127.0.0.1:${port}/hook`, {}, '{}'), 302);
  assert.deepEqual(paths, ['/hook']);
});

test('an answer without an end is cut off', async () => {
  const port = await serve((request, response) => {
    request.resume();
    const more = () => {
      while (response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  assert.equal(await open.post(`http://127.0.0.1:${port}/`, {}, '{}'), 200);
});

test('whoever does not answer in time is given up', async () => {
  const arrived = Promise.withResolvers<void>();
  const port = await serve(() => arrived.resolve());
  const posted = assert.rejects(open.post(`http://127.0.0.1:${port}/`, {}, '{}'), /no answer within 1000 ms/);
  await arrived.promise;
  timers.advance(1000);
  await posted;
});

for (const host of ['127.0.0.1', '[::1]', 'localhost', '0']) {
  test(`${host} is not reached where private addresses are not allowed`, async () => {
    let requests = 0;
    const port = await serve((_request, response) => {
      requests++;
      response.end();
    });
    await assert.rejects(strict.post(`http://${host}:${port}/`, {}, '{}'), /is no public address/);
    assert.equal(requests, 0);
  });
}
