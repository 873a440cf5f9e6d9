import assert from 'node:assert/strict';
import type { Client, IMessage } from '@stomp/stompjs';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 15_000;

interface Body {
  readonly id: string;
  readonly status: string;
  readonly msgType: string;
  readonly content: string;
  readonly messageId: string;
  readonly count: number;
}

/** One destination of a client: keeps what comes until it is asked for. */
class Mailbox {
  readonly #bodies: Body[] = [];
  #check = () => {};

  readonly take = (message: IMessage): void => {
    this.#bodies.push(JSON.parse(message.body) as Body);
    this.#check();
  };

  next(wanted: string, matches: (body: Body) => boolean): Promise<Body> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`timed out waiting for ${wanted}; got ${JSON.stringify(this.#bodies)}`));
      }, PATIENCE);
      this.#check = () => {
        const index = this.#bodies.findIndex(matches);
        if (index === -1) return;
        clearTimeout(timer);
        resolve(this.#bodies.splice(index, 1)[0] as Body);
      };
      this.#check();
    });
  }
}

/** A person with an unchanged STOMP client, as the xuqm document describes it. */
export class Person {
  readonly #client: Client;
  readonly inbox = new Mailbox();
  readonly receipts = new Mailbox();
  readonly group = new Mailbox();
  #receipts = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  async connect(groupId?: string): Promise<void> {
    const connected = Promise.withResolvers<void>();
    this.#client.onConnect = () => connected.resolve();
    this.#client.onStompError = (frame) => connected.reject(new Error(frame.headers.message));
    this.#client.activate();
    await connected.promise;
    await this.#subscribe('/user/queue/messages', this.inbox);
    await this.#subscribe('/user/queue/receipts', this.receipts);
    if (groupId !== undefined) await this.#subscribe(`/topic/group/${groupId}`, this.group);
  }

  /** Publishes and waits for the RECEIPT. */
  publish(destination: string, body: object): Promise<void> {
    return this.#confirmed((receipt) =>
      this.#client.publish({ destination, body: JSON.stringify(body), headers: { receipt } }),
    );
  }

  disconnect(): Promise<void> {
    return this.#client.deactivate();
  }

  #subscribe(destination: string, { take }: Mailbox): Promise<void> {
    return this.#confirmed((receipt) => this.#client.subscribe(destination, take, { receipt }));
  }

  #confirmed(send: (receipt: string) => void): Promise<void> {
    const receipt = `receipt-${++this.#receipts}`;
    const confirmed = new Promise<void>((resolve) => this.#client.watchForReceipt(receipt, () => resolve()));
    send(receipt);
    return confirmed;
  }
}

export interface Cast {
  readonly appId: string;
  /** Two users of the tenant, both members of the group. */
  readonly alice: string;
  readonly bob: string;
  readonly group: string;
  /** Makes each message id of the run its own. */
  readonly run: string;
  open(userId: string): Person;
}

/** A talk with everything `xuqm` has: text both ways, group, receipts, revoke, absence and sync. */
export async function converse({ appId, alice: aliceId, bob: bobId, group, run, open }: Cast): Promise<void> {
  const [alice, bob] = [open(aliceId), open(bobId)];
  const send = (from: Person, id: string, toId: string, chatType = 'SINGLE') => {
    const messageId = `${run}-${id}`;
    return from.publish('/app/chat.send', {
      appId,
      messageId,
      toId,
      chatType,
      msgType: 'TEXT',
      content: `海纳 ${id} 😀`,
    });
  };
  const hasId = (id: string) => (body: Body) =>
    body.id === `${run}-${id}` || body.messageId === `${run}-${id}`;
  const isRevoked = (id: string) => (body: Body) => body.id === `${run}-${id}` && body.status === 'REVOKED';

  await alice.connect(group);
  await bob.connect(group);
  await send(alice, 'hello', bobId);
  assert.equal((await bob.inbox.next('hello', hasId('hello'))).content, '海纳 hello 😀');
  const delivered = (await alice.receipts.next('delivered', hasId('hello'))).status;
  assert.equal(delivered, 'DELIVERED');
  await bob.publish('/app/chat.read', { appId, messageId: `${run}-hello` });
  assert.equal((await alice.receipts.next('read', hasId('hello'))).status, 'READ');
  await send(bob, 'answer', aliceId);
  await alice.inbox.next('answer', hasId('answer'));
  await send(alice, 'to all', group, 'GROUP');
  await bob.group.next('group message', hasId('to all'));
  await alice.publish('/app/chat.revoke', { appId, messageId: `${run}-hello` });
  assert.equal((await bob.inbox.next('revoked', isRevoked('hello'))).content, '');

  await bob.disconnect();
  for (const id of ['missed 1', 'missed 2', 'missed 3']) await send(alice, id, bobId);
  await alice.publish('/app/chat.revoke', { appId, messageId: `${run}-missed 2` });
  const back = open(bobId);
  await back.connect();
  void back.publish('/app/chat.sync', { appId });
  const done = await back.inbox.next('end of sync', ({ msgType }) => msgType === 'SYNC_DONE');
  assert.equal(done.count, 3);
  for (const id of ['missed 1', 'missed 3']) await back.inbox.next(id, hasId(id));
  await back.inbox.next('missed 2, revoked', isRevoked('missed 2'));
  await back.disconnect();
  await alice.disconnect();
}
