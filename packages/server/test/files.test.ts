import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ImMessage, ImMessageType, type XuqmMessage } from '@haina/wire';
import type { Config } from '../src/config/settings.ts';
import { type S3Server, startS3Server } from '../src/files/s3-server-fixture.ts';
import { jpeg, PDF } from '../src/files/samples-fixture.ts';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf as shortTokenOf } from './support/token.ts';

const IM_INBOX = '/user/queue/private-messages';
const IM_STATUS = '/user/queue/message-status';
const XUQM_INBOX = '/user/queue/messages';
const ERRORS = '/user/queue/errors';
const SWEEP_INTERVAL = 600_000;
const LIFETIME = 3_600_000;

/** Good for all the time that passes here. */
function tokenOf(userId: string, claims: Record<string, unknown> = {}): string {
  return shortTokenOf(userId, { exp: Math.floor(Date.now() / 1000) + 31_536_000, ...claims });
}

interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly [field: string]: unknown;
}

/** A photograph of three parts when it goes to S3. */
const PHOTO = Buffer.concat([jpeg(800, 600), Buffer.alloc(20_000_000 - 1000, 7)]);

for (const fileStorage of ['local', 's3'] as const) {
  describe(`files in ${fileStorage}`, () => {
    let server: TestServer;
    let s3: S3Server | undefined;
    let dataDir: string;
    let timers = new ManualTimers();
    let ahead = 0;
    let users = 0;
    const clients: StompClient[] = [];

    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'haina-test-files-'));
      if (fileStorage === 's3') s3 = await startS3Server();
      await start();
    });
    after(async () => {
      await stop();
      await s3?.dispose();
      await rm(dataDir, { recursive: true });
    });

    async function start(): Promise<void> {
      timers = new ManualTimers();
      const place: Partial<Config> = s3
        ? {
            s3Endpoint: s3.options.endpoint as string,
            s3Bucket: s3.options.bucket,
            s3AccessKey: s3.options.accessKey,
            s3SecretKey: s3.options.secretKey,
          }
        : {};
      server = await startTestServer(
        { dataDir, fileStorage, unusedFileLifetime: LIFETIME, ...place },
        { clock: { now: () => Date.now() + ahead }, timers },
      );
      await server.call('PUT', '/api/v1/admin/settings', tokenOf('boss', { role: 'admin' }), {
        configType: 'chat_settings',
        newConfig: { fileUploadLimit: 20 },
        reason: 'a test',
      });
    }

    async function stop(): Promise<void> {
      await Promise.all(clients.splice(0).map((client) => client.drop()));
      await server.stop();
    }

    /** Somebody who exists: its first token makes it. */
    async function newUser(): Promise<string> {
      const userId = `user${++users}`;
      await server.call('GET', '/api/v1/users/me', tokenOf(userId));
      return userId;
    }

    async function upload(userId: string, bytes: Buffer, name: string, type = ''): Promise<Uploaded> {
      const body = new FormData();
      body.append('file', new Blob([Uint8Array.from(bytes)], { type }), name);
      const response = await fetch(`${server.url}/api/v1/files`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokenOf(userId)}` },
        body,
      });
      const answer = (await response.json()) as Uploaded;
      assert.equal(response.status, 201, JSON.stringify(answer));
      return answer;
    }

    function get(userId: string, { url }: { url: string }, headers: Record<string, string> = {}) {
      return fetch(server.url + url, { headers: { authorization: `Bearer ${tokenOf(userId)}`, ...headers } });
    }

    async function statusFor(userId: string, file: { url: string }): Promise<number> {
      const response = await get(userId, file);
      await response.arrayBuffer();
      return response.status;
    }

    async function im(userId: string): Promise<StompClient> {
      return opened(
        await StompClient.connect(server.wsUrl, tokenOf(userId), '/ws'),
        IM_INBOX,
        IM_STATUS,
        ERRORS,
      );
    }

    async function xuqm(userId: string): Promise<StompClient> {
      return opened(await StompClient.connect(server.wsUrl, tokenOf(userId)), XUQM_INBOX, ERRORS);
    }

    async function opened(client: StompClient, ...destinations: string[]): Promise<StompClient> {
      clients.push(client);
      for (const destination of destinations) await client.subscribe(destination);
      return client;
    }

    /** Whether the storage holds the file's bytes. */
    async function isKept({ id }: Uploaded): Promise<boolean> {
      if (!s3)
        return (await readdir(join(dataDir, 'files'), { recursive: true })).some((name) => name.endsWith(id));
      const { openS3Storage } = await import('../src/files/s3-storage.ts');
      const storage = openS3Storage(s3.options);
      try {
        (await storage.read(id)).destroy();
        return true;
      } catch {
        return false;
      } finally {
        await storage.close();
      }
    }

    /** Lets time pass and the sweeps of that time run. */
    async function pass(ms: number, isDone: () => Promise<boolean>): Promise<void> {
      ahead += ms;
      timers.advance(SWEEP_INTERVAL);
      while (!(await isDone())) await new Promise((resolve) => setImmediate(resolve));
    }

    test('an im picture is uploaded, sent as it was answered, and downloaded by an xuqm client', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const [sender, receiver] = [await im(alice), await xuqm(bob)];
      const contentExtra = await upload(alice, PHOTO, '照片.jpg', 'image/jpeg');
      assert.deepEqual(
        [contentExtra.width, contentExtra.height, contentExtra.size, contentExtra.format],
        [800, 600, PHOTO.length, 'JPEG'],
      );
      const msgType = ImMessageType.CHAT_IMAGE;
      const content = { content: '一张照片', contentExtra };
      await sender.confirmed('/app/private-message', {
        receiverId: bob,
        msgType,
        content,
        clientMsgId: 'c-1',
      });
      const message = await receiver.nextAt<XuqmMessage>(XUQM_INBOX);
      const { url } = message.content as { url: string };
      const response = await get(bob, { url });
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'image/jpeg']);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(PHOTO));
      const part = await get(bob, { url }, { range: 'bytes=10000000-10000099' });
      assert.deepEqual(
        [part.status, part.headers.get('content-range')],
        [206, `bytes 10000000-10000099/${PHOTO.length}`],
      );
      assert.ok(Buffer.from(await part.arrayBuffer()).equals(PHOTO.subarray(10_000_000, 10_000_100)));
      assert.equal(await statusFor(await newUser(), { url }), 404);
    });

    test('an xuqm file, by its address as text or in an object, is downloaded by an im client', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const [sender, receiver] = [await xuqm(alice), await im(bob)];
      for (const inText of [true, false]) {
        const file = await upload(alice, PDF, 'a.pdf', 'application/pdf');
        const content = inText ? `https://chat.example.org${file.url}` : { url: file.url, size: file.size };
        await sender.confirmed('/app/chat.send', { toId: bob, chatType: 'SINGLE', msgType: 'FILE', content });
        await receiver.nextAt(IM_INBOX);
        assert.equal(await statusFor(bob, file), 200);
      }
    });

    test('a file that the sender may not see is refused in both protocols, and a repeat after that works', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const [imClient, xuqmClient] = [await im(alice), await xuqm(alice)];
      const { url } = await upload(bob, PDF, 'a.pdf');
      imClient.sendJson('/app/private-message', {
        receiverId: bob,
        msgType: ImMessageType.CHAT_FILE,
        content: { content: 'a.pdf', contentExtra: { url } },
        clientMsgId: 'stolen',
      });
      const refusal = await imClient.nextAt(ERRORS);
      assert.deepEqual([refusal.code, refusal.messageId], ['ENOENT', 'stolen']);
      assert.match(String(refusal.message), /content names at extra\.url/);
      xuqmClient.sendJson('/app/chat.send', {
        messageId: 'stolen',
        toId: bob,
        chatType: 'SINGLE',
        msgType: 'FILE',
        content: { url },
      });
      assert.equal((await xuqmClient.nextAt(ERRORS)).code, 'ENOENT');
      await xuqmClient.confirmed('/app/chat.send', {
        messageId: 'stolen',
        toId: bob,
        chatType: 'SINGLE',
        msgType: 'TEXT',
        content: 'mine',
      });
    });

    test('a forwarded file is seen by who gets it, and a recalled one by its uploader alone', async () => {
      const [alice, bob, carol] = [await newUser(), await newUser(), await newUser()];
      const [sender, middle, last] = [await im(alice), await im(bob), await im(carol)];
      const file = await upload(alice, PDF, 'a.pdf');
      await sender.confirmed('/app/private-message', {
        receiverId: bob,
        msgType: ImMessageType.CHAT_FILE,
        content: { content: 'a.pdf', contentExtra: { url: file.url } },
        clientMsgId: `to ${bob}`,
      });
      const { messageId: originalMessageId } = await middle.nextAt<ImMessage>(IM_INBOX);
      await middle.confirmed('/app/private-message', {
        receiverId: carol,
        msgType: ImMessageType.CHAT_FORWARD,
        content: { content: '', originalMessageId },
        clientMsgId: `to ${carol}`,
      });
      const { messageId } = await last.nextAt<ImMessage>(IM_INBOX);
      assert.equal(await statusFor(carol, file), 200);
      await middle.confirmed('/app/delete-message', { messageId, deleteScope: 1 });
      assert.deepEqual([await statusFor(carol, file), await statusFor(bob, file)], [404, 200]);
      await sender.confirmed('/app/delete-message', { messageId: originalMessageId, deleteScope: 1 });
      assert.deepEqual([await statusFor(bob, file), await statusFor(alice, file)], [404, 200]);
    });

    test('a file of a group is seen by its members, as long as they are', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const admin = tokenOf('boss', { role: 'admin' });
      const sender = await im(alice);
      const groupId = `group-${alice}`;
      const members = [{ userId: alice }, { userId: bob }];
      await server.call('POST', '/api/v1/groups', admin, { id: groupId, name: 'A group', members });
      const file = await upload(alice, PDF, 'a.pdf');
      await sender.confirmed('/app/chat', {
        conversationId: groupId,
        msgType: ImMessageType.CHAT_FILE,
        content: { content: 'a.pdf', contentExtra: { url: file.url } },
      });
      assert.equal(await statusFor(bob, file), 200);
      await server.call('DELETE', `/api/v1/groups/${groupId}/members/${bob}`, admin);
      assert.equal(await statusFor(bob, file), 404);
    });

    test('what no message holds is removed after its time, what one holds stays', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const sender = await im(alice);
      const [sent, recalled, unused] = [
        await upload(alice, PDF, 'sent.pdf'),
        await upload(alice, PDF, 'recalled.pdf'),
        await upload(alice, PDF, 'unused.pdf'),
      ];
      for (const { url, name } of [sent, recalled]) {
        await sender.confirmed('/app/private-message', {
          receiverId: bob,
          msgType: ImMessageType.CHAT_FILE,
          content: { content: name, contentExtra: { url } },
          clientMsgId: `${alice} ${name}`,
        });
      }
      await sender.confirmed('/app/delete-message', { messageId: `${alice} recalled.pdf`, deleteScope: 1 });
      await pass(LIFETIME, async () => !((await isKept(unused)) || (await isKept(recalled))));
      assert.deepEqual([await statusFor(alice, unused), await statusFor(alice, recalled)], [404, 404]);
      assert.deepEqual([await isKept(sent), await statusFor(bob, sent)], [true, 200]);
    });

    test('files are there after a restart, and what a crash left half written is not', async () => {
      const [alice, bob] = [await newUser(), await newUser()];
      const file = await upload(alice, PDF, 'a.pdf');
      await (await im(alice)).confirmed('/app/private-message', {
        receiverId: bob,
        msgType: ImMessageType.CHAT_FILE,
        content: { content: 'a.pdf', contentExtra: { url: file.url } },
      });
      await stop();
      const parts = join(dataDir, 'files', 'parts');
      if (fileStorage === 'local') await writeFile(join(parts, 'half'), 'half a file');
      await start();
      assert.equal(await statusFor(bob, file), 200);
      if (fileStorage === 'local') assert.deepEqual(await readdir(parts), []);
    });
  });
}

test('an upload that takes too long is ended, and nothing of it is kept', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-files-'));
  const server = await startTestServer({ dataDir, requestTimeout: 1000 });
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(
    `POST /api/v1/files HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${tokenOf('slow')}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' +
      'x'.repeat(400_000),
  );
  const [answer] = await once(socket.setEncoding('latin1'), 'data');
  assert.match(String(answer), /^HTTP\/1\.1 408 /);
  await once(socket, 'close');
  await server.stop();
  const left = await readdir(join(dataDir, 'files'), { recursive: true });
  assert.deepEqual(left, ['parts']);
  await rm(dataDir, { recursive: true });
});
