import assert from 'node:assert/strict';
import type { MimiFailure, MimiMessage, MimiSuccess } from '@haina/wire';
import type { TestServer } from './server.ts';
import { StompClient } from './stomp-client.ts';
import { tokenOf } from './token.ts';

export const SEND = '/socket/chat/send';
export const RECIVE = '/socket/chat/recive';
export const INIT = '/socket/chat/init';
export const ERRORS = '/user/queue/status';
const SENT = '/user/queue/send/status';
const RECEIVED = '/user/queue/recive/status';

type Server = Pick<TestServer, 'url' | 'wsUrl'>;

export interface MimiUser {
  readonly id: string;
  readonly username: string;
  readonly uid: number;
}

/** Makes a user whose name is not its id, so that neither is taken for the other. */
export async function makeUser({ url }: Pick<Server, 'url'>, id: string): Promise<MimiUser> {
  const response = await fetch(`${url}/api/v1/users`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('admin', { role: 'service' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ id, username: `名 ${id}` }),
  });
  assert.equal(response.status, 201);
  return (await response.json()) as MimiUser;
}

export function success(msgID: string): MimiSuccess {
  return { msgID, code: 200, status: '成功', content: '(=ↀωↀ=)' };
}

/** A person with a `mimi` client, subscribed to everything, its messages by name unless said otherwise. */
export class MimiClient {
  readonly stomp: StompClient;
  readonly user: MimiUser;
  readonly inbox: string;
  #probes = 0;

  constructor(stomp: StompClient, user: MimiUser, inbox: string) {
    this.stomp = stomp;
    this.user = user;
    this.inbox = inbox;
  }

  static async connect(
    { wsUrl }: Pick<Server, 'wsUrl'>,
    user: MimiUser,
    { by = 'username', path = '/Mimi/client' }: { by?: 'username' | 'uid'; path?: string } = {},
  ): Promise<MimiClient> {
    const stomp = await StompClient.connect(wsUrl, tokenOf(user.id), path);
    for (const destination of [ERRORS, SENT, RECEIVED]) await stomp.subscribe(destination);
    const client = new MimiClient(stomp, user, `/user/${user[by]}/recive`);
    await stomp.subscribe(client.inbox);
    return client;
  }

  send(to: MimiUser, msgID: string, content = `text of ${msgID}`): void {
    this.stomp.sendJson(SEND, { msgID, reciverId: to.uid, content });
  }

  /** Sends and waits for the status. */
  async sent(to: MimiUser, msgID: string, content?: string): Promise<void> {
    this.send(to, msgID, content);
    assert.deepEqual(await this.stomp.nextAt(SENT), success(msgID));
  }

  recive(msgID: string): void {
    this.stomp.sendJson(RECIVE, { msgID });
  }

  /** Confirms a message and waits for the status. */
  async recived(msgID: string): Promise<void> {
    this.recive(msgID);
    assert.deepEqual(await this.stomp.nextAt(RECEIVED), success(msgID));
  }

  next(inbox = this.inbox): Promise<MimiMessage> {
    return this.stomp.nextAt<MimiMessage>(inbox);
  }

  /** Takes the next message and confirms it. */
  async take(): Promise<MimiMessage> {
    const message = await this.next();
    await this.recived(message.chatID);
    return message;
  }

  async refused(): Promise<MimiFailure> {
    return this.stomp.nextAt<MimiFailure>(ERRORS);
  }

  /** Asks for what was not confirmed and returns it, once all of it came. */
  async init(inbox = this.inbox): Promise<MimiMessage[]> {
    const receipt = `init-${++this.#probes}`;
    this.stomp.send('SEND', { destination: INIT, receipt });
    await this.stomp.nextMatching(receipt, ({ headers }) => headers.get('receipt-id') === receipt);
    return this.stomp.takeAt<MimiMessage>(inbox);
  }

  /** What came and was not asked for, once the server has done all that it was asked before. */
  async settled(): Promise<string[]> {
    // Look-ups go through the store behind every message, and the second starts after the first one's tick was told.
    for (const msgID of [`probe-${++this.#probes}`, `probe-${++this.#probes}`]) {
      this.recive(msgID);
      assert.equal((await this.refused()).msgID, msgID);
    }
    return this.stomp.rest();
  }
}
