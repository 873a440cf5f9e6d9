import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { XuqmReceipt } from '@haina/wire';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { MimiClient, type MimiUser, makeUser } from './support/mimi-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const RECEIPTS = '/user/queue/receipts';

let server: TestServer;
let runs = 0;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** Who sends, with a window on what its message became; and who receives, and may be lost at any moment. */
class Scene {
  readonly sender: MimiClient;
  readonly receipts: StompClient;
  readonly user: MimiUser;

  private constructor(sender: MimiClient, receipts: StompClient, user: MimiUser) {
    this.sender = sender;
    this.receipts = receipts;
    this.user = user;
  }

  static async open(): Promise<Scene> {
    const [one, other] = [
      await makeUser(server, `sender${++runs}`),
      await makeUser(server, `receiver${runs}`),
    ];
    const receipts = await StompClient.of(server.wsUrl, one.id);
    await receipts.subscribe(RECEIPTS);
    return new Scene(await MimiClient.connect(server, one), receipts, other);
  }

  receiver(): Promise<MimiClient> {
    return MimiClient.connect(server, this.user);
  }

  /** Everyone the sender was told has the message. */
  async delivered(): Promise<string[]> {
    await this.receipts.settled();
    return this.receipts.received(RECEIPTS).map((body) => (JSON.parse(body) as XuqmReceipt).messageId);
  }

  /** The receiver comes back, and the message with it: no step before was taken for its arrival. */
  async comesAgain(msgID: string): Promise<MimiClient> {
    assert.deepEqual(await this.delivered(), []);
    const back = await this.receiver();
    assert.deepEqual(
      (await back.init()).map(({ chatID, content }) => [chatID, content]),
      [[msgID, `text of ${msgID}`]],
    );
    assert.deepEqual(await this.delivered(), [], 'being pushed again is no arrival either');
    return back;
  }

  /** The message is the receiver's now: it does not come again, and the sender was told once. */
  async isOver(msgID: string): Promise<void> {
    assert.deepEqual(await this.delivered(), [msgID]);
    const back = await this.receiver();
    assert.deepEqual(await back.init(), []);
  }
}

describe('the receiver is lost', () => {
  test('before the message is sent: it comes at init, and is over once confirmed', async () => {
    const scene = await Scene.open();
    await (await scene.receiver()).stomp.drop();
    await scene.sender.sent(scene.user, 'm');
    const back = await scene.comesAgain('m');
    await back.recived('m');
    await scene.isOver('m');
  });

  test('after it is stored and before it arrives', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    receiver.stomp.socket.pause();
    await scene.sender.sent(scene.user, 'm');
    await receiver.stomp.drop();
    const back = await scene.comesAgain('m');
    await back.recived('m');
    await scene.isOver('m');
  });

  test('after it arrived and before its confirmation is sent', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.next();
    await receiver.stomp.drop();
    const back = await scene.comesAgain('m');
    await back.recived('m');
    await scene.isOver('m');
  });

  test('while its confirmation is on its way: that counts, or the message comes again', async () => {
    for (let i = 0; i < 20; i++) {
      const scene = await Scene.open();
      const receiver = await scene.receiver();
      await scene.sender.sent(scene.user, 'm');
      await receiver.next();
      receiver.recive('m');
      await receiver.stomp.drop();
      const back = await scene.receiver();
      const again = (await back.init()).map(({ chatID }) => chatID);
      const seen = new Set([...again, ...(await scene.delivered())]);
      assert.deepEqual([...seen], ['m'], 'never neither');
      await back.recived('m');
      await scene.isOver('m');
    }
  });

  test('after its confirmation is stored and before that is told', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.next();
    receiver.stomp.socket.pause();
    receiver.recive('m');
    await scene.receipts.nextAt(RECEIPTS);
    await receiver.stomp.drop();
    const back = await scene.receiver();
    assert.deepEqual(await back.init(), []);
    await back.recived('m');
    assert.deepEqual(await scene.delivered(), [], 'the sender is not told a second time');
  });

  test('after all of it', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.take();
    await receiver.stomp.drop();
    await scene.isOver('m');
  });

  test('and says only after its return that it has the message', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.next();
    await receiver.stomp.drop();
    const back = await scene.receiver();
    await back.recived('m');
    await scene.isOver('m');
  });

  test('between messages: those it did not confirm come again, also from between others', async () => {
    const scene = await Scene.open();
    const receiver = await scene.receiver();
    for (const id of ['a', 'b', 'c', 'd']) await scene.sender.sent(scene.user, id);
    await receiver.recived('b');
    await receiver.recived('d');
    await receiver.stomp.drop();
    const back = await scene.receiver();
    assert.deepEqual(
      (await back.init()).map(({ chatID }) => chatID),
      ['a', 'c'],
    );
    assert.deepEqual((await scene.delivered()).sort(), ['b', 'd']);
  });

  test('in the middle of init: what it did not confirm comes at the next', async () => {
    const scene = await Scene.open();
    for (let i = 0; i < 300; i++) await scene.sender.sent(scene.user, `m${i}`);
    const receiver = await scene.receiver();
    receiver.stomp.send('SEND', { destination: '/socket/chat/init' });
    await receiver.take();
    await receiver.stomp.drop();
    const back = await scene.receiver();
    assert.equal((await back.init()).length, 299);
    assert.deepEqual(await scene.delivered(), ['m0']);
  });
});

describe('a change to a message', () => {
  /** The sender writes by im, which can edit. */
  async function editing(scene: Scene) {
    const im = await StompClient.connect(server.wsUrl, tokenOf(scene.sender.user.id), '/ws');
    return {
      edit: (messageId: string, newContent: string) =>
        im.confirmed('/app/edit-message', { messageId, newContent }),
      recall: (messageId: string) => im.confirmed('/app/delete-message', { messageId, deleteScope: 1 }),
    };
  }

  test('comes as the message again, under the same chatID: edited with its new text, recalled without any', async () => {
    const scene = await Scene.open();
    const { edit, recall } = await editing(scene);
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    const original = await receiver.take();
    await edit('m', 'better');
    assert.deepEqual(await receiver.take(), { ...original, content: 'better' });
    await recall('m');
    assert.deepEqual(await receiver.take(), { ...original, content: '' });
    assert.deepEqual(await receiver.init(), [], 'what was confirmed does not come again');
  });

  test('comes again until it is confirmed itself, also where the message was before', async () => {
    const scene = await Scene.open();
    const { edit } = await editing(scene);
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.take();
    await edit('m', 'better');
    assert.equal((await receiver.next()).content, 'better');
    await receiver.stomp.drop();
    const back = await scene.receiver();
    assert.deepEqual(
      (await back.init()).map(({ content }) => content),
      ['better'],
    );
    await back.stomp.drop();
    const last = await scene.receiver();
    assert.equal((await last.init()).length, 1);
    await last.recived('m');
    assert.deepEqual(await last.init(), []);
  });

  test('is not taken for known by a confirmation that was meant for the original', async () => {
    const scene = await Scene.open();
    const { edit } = await editing(scene);
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.next();
    await edit('m', 'better');
    await receiver.next();
    await receiver.recived('m');
    assert.deepEqual(
      (await receiver.init()).map(({ content }) => content),
      ['better'],
    );
  });

  test('is not lost to a confirmation of the original that comes while what was missed is told', async () => {
    const scene = await Scene.open();
    const { recall } = await editing(scene);
    for (const msgID of ['a', 'b', 'c', 'd', 'e']) {
      const receiver = await scene.receiver();
      await scene.sender.sent(scene.user, msgID);
      await receiver.next();
      await receiver.stomp.drop();
      await recall(msgID);
      const back = await scene.receiver();
      const missed = back.init();
      back.recive(msgID);
      assert.deepEqual(
        (await missed).map(({ chatID, content }) => [chatID, content]),
        [[msgID, '']],
      );
      await back.recived(msgID);
      assert.deepEqual(await back.init(), [], 'the last form is confirmed too');
      await back.stomp.drop();
    }
  });

  test('that came at an init and was not confirmed is not taken for known when the original is', async () => {
    const scene = await Scene.open();
    const { edit } = await editing(scene);
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'm');
    await receiver.next();
    await receiver.stomp.drop();
    await edit('m', 'better');
    const lost = await scene.receiver();
    assert.equal((await lost.init()).length, 1);
    await lost.stomp.drop();
    const back = await scene.receiver();
    await back.recived('m');
    assert.deepEqual(
      (await back.init()).map(({ content }) => content),
      ['better'],
    );
  });

  test('made while the receiver was away comes at init, one that was never delivered in its last form only', async () => {
    const scene = await Scene.open();
    const { edit, recall } = await editing(scene);
    const receiver = await scene.receiver();
    await scene.sender.sent(scene.user, 'had');
    await receiver.take();
    await receiver.stomp.drop();
    await scene.sender.sent(scene.user, 'missed');
    await scene.sender.sent(scene.user, 'gone');
    await edit('missed', 'new text');
    await recall('gone');
    await edit('had', 'newer text');
    const back = await scene.receiver();
    const seen = (await back.init()).map(({ chatID, content }) => `${chatID}: ${content}`);
    assert.deepEqual(seen, ['had: newer text', 'missed: new text', 'gone: ']);
    for (const id of ['had', 'missed', 'gone']) await back.recived(id);
    assert.deepEqual(await back.init(), []);
  });
});

describe('the server is killed', () => {
  let child: ChildServer;
  let dataDir: string;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'haina-mimi-'));
    child = await startChildServer({ HAINA_DATA_DIR: dataDir });
  });
  after(() => child.stop());

  async function restart(): Promise<void> {
    await child.kill();
    child = await startChildServer({ HAINA_DATA_DIR: dataDir });
  }

  test('between any two steps: what was confirmed to either side stands', async () => {
    const [one, other] = [await makeUser(child, 'one'), await makeUser(child, 'other')];
    let sender = await MimiClient.connect(child, one);
    await sender.sent(other, 'm');
    await restart();
    let receiver = await MimiClient.connect(child, other);
    const [stored] = await receiver.init();
    assert.equal(stored?.chatID, 'm');
    await restart();
    receiver = await MimiClient.connect(child, other);
    assert.deepEqual(await receiver.init(), [stored], 'it had arrived, and nobody had said so');
    await receiver.recived('m');
    await restart();
    receiver = await MimiClient.connect(child, other);
    assert.deepEqual(await receiver.init(), []);
    await receiver.recived('m');
    sender = await MimiClient.connect(child, one);
    await sender.sent(other, 'm');
    await sender.sent(other, 'next');
    const next = await receiver.next();
    assert.equal(next.chatID, 'next');
    assert.ok(next.id > (stored?.id ?? 0), 'the number is above that of every message before it');
  });
});
