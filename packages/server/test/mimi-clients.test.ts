import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type CompatClient, Stomp } from '@stomp/stompjs';
import SockJS from 'sockjs-client';
import { WebSocket } from 'ws';
import { startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
let runs = 0;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

interface Login {
  readonly token: string;
  readonly user: { readonly username: string; readonly uid: number };
}

async function login(username: string): Promise<Login> {
  const { body } = await server.call('POST', '/api/v1/login', undefined, { username, password: username });
  return body as Login;
}

/** Keeps what comes until it is asked for. */
class Mailbox {
  readonly #bodies: unknown[] = [];
  #wanted: ((body: unknown) => void) | undefined;

  readonly take = ({ body }: { body: string }): void => {
    this.#bodies.push(JSON.parse(body));
    this.#wanted?.(undefined);
  };

  async next<T>(): Promise<T> {
    while (this.#bodies.length === 0) await new Promise((resolve) => (this.#wanted = resolve));
    return this.#bodies.shift() as T;
  }
}

interface Message {
  readonly chatID: string;
  readonly content: string;
  readonly sender: string;
}

interface Status {
  readonly msgID: string;
  readonly code: number;
}

/** A client written as the document shows: the old interface, over a socket made by the page. */
class DocumentClient {
  readonly stomp: CompatClient;
  readonly login: Login;
  readonly messages = new Mailbox();
  readonly sendStatus = new Mailbox();
  readonly reciveStatus = new Mailbox();
  readonly errors = new Mailbox();

  constructor(stomp: CompatClient, login: Login) {
    this.stomp = stomp;
    this.login = login;
    stomp.debug = () => {};
    stomp.reconnect_delay = 0;
  }

  async connect(by: 'username' | 'uid'): Promise<void> {
    await new Promise<void>((resolve, reject) => this.stomp.connect({}, () => resolve(), reject));
    const { stomp, login } = this;
    stomp.subscribe(`/user/${login.user[by]}/recive`, this.messages.take);
    stomp.subscribe('/user/queue/status', this.errors.take);
    stomp.subscribe('/user/queue/send/status', this.sendStatus.take);
    stomp.subscribe('/user/queue/recive/status', this.reciveStatus.take);
    stomp.send('/socket/chat/init', {}, null as never);
  }

  send(reciverId: number, content: string): string {
    const msgID = createHash('sha1').update(`${content}${Date.now()}${++runs}`).digest('hex');
    this.stomp.send('/socket/chat/send', {}, JSON.stringify({ reciverId, content, msgID }));
    return msgID;
  }

  recive(msgID: string): void {
    this.stomp.send('/socket/chat/recive', {}, JSON.stringify({ msgID }));
  }

  disconnect(): Promise<void> {
    return new Promise((resolve) => this.stomp.disconnect(() => resolve()));
  }
}

const WAYS: Record<string, (srect: string) => unknown> = {
  'plain WebSocket': (srect) => new WebSocket(`${server.wsUrl}/Mimi/client?srect=${srect}`, ['v12.stomp']),
  ...Object.fromEntries(
    ['websocket', 'xhr-streaming', 'xhr-polling', 'eventsource'].map((transport) => [
      `SockJS over ${transport}`,
      (srect: string) =>
        new SockJS(`${server.url}/Mimi/socketServer?srect=${srect}`, null, { transports: [transport] }),
    ]),
  ),
  'SockJS without the prefix': (srect) => new SockJS(`${server.url}/socketServer?srect=${srect}`),
};

for (const [way, socket] of Object.entries(WAYS)) {
  test(`the document's client over ${way}: send, statuses, confirmation, absence and init`, async () => {
    const logins = [await login('alice'), await login('bob')] as const;
    const open = async (index: 0 | 1, by: 'username' | 'uid' = 'username') => {
      const client = new DocumentClient(
        Stomp.over(() => socket(logins[index].token)),
        logins[index],
      );
      await client.connect(by);
      return client;
    };
    const [alice, bob] = [await open(0), await open(1, 'uid')];
    const first = alice.send(bob.login.user.uid, '起来聊天 😀');
    assert.deepEqual(await alice.sendStatus.next(), {
      msgID: first,
      code: 200,
      status: '成功',
      content: '(=ↀωↀ=)',
    });
    const { chatID, content, sender } = await bob.messages.next<Message>();
    assert.deepEqual([chatID, content, sender], [first, '起来聊天 😀', 'alice']);
    bob.recive(chatID);
    assert.equal((await bob.reciveStatus.next<Status>()).msgID, first);
    alice.send(4711, 'nobody');
    assert.equal((await alice.errors.next<Status>()).code, -404);

    await bob.disconnect();
    const missed = alice.send(bob.login.user.uid, 'missed');
    await alice.sendStatus.next();
    const back = await open(1);
    assert.equal((await back.messages.next<Message>()).chatID, missed);
    back.recive(missed);
    await back.reciveStatus.next();
    await back.disconnect();
    await alice.disconnect();
  });
}
