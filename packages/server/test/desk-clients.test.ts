import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeskOut } from '@haina/wire';
import { Client, type IMessage } from '@stomp/stompjs';
import SockJS from 'sockjs-client';
import { startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** The token of a demo account, as its login gives it. */
async function login(username: string): Promise<string> {
  const { body } = await server.call('POST', '/api/v1/login', undefined, { username, password: username });
  return (body as { token: string }).token;
}

/** What came to one client, to be taken by what it is. */
class Inbox {
  readonly #bodies: DeskOut[] = [];
  #check = (): void => {};

  readonly take = ({ body }: IMessage): void => {
    this.#bodies.push(JSON.parse(body) as DeskOut);
    this.#check();
  };

  next(matches: (body: DeskOut) => boolean): Promise<DeskOut> {
    return new Promise((resolve) => {
      this.#check = () => {
        const index = this.#bodies.findIndex(matches);
        if (index !== -1) resolve(this.#bodies.splice(index, 1)[0] as DeskOut);
      };
      this.#check();
    });
  }

  async message(content: string): Promise<string> {
    const body = await this.next((out) => out.type === 'message' && out.content === content);
    return body.type === 'message' ? (body.sessionId ?? '') : '';
  }
}

/** A client as the document of the protocol writes it: SockJS, the token in the query. */
async function connect(path: string, transport: string, token: string): Promise<[Client, Inbox]> {
  const inbox = new Inbox();
  const client = new Client({
    webSocketFactory: () =>
      new SockJS(`${server.url}${path}?token=${token}`, null, { transports: [transport] }),
    reconnectDelay: 5000,
  });
  const connected = Promise.withResolvers<void>();
  client.onConnect = () => {
    client.subscribe('/user/queue/messages', inbox.take);
    connected.resolve();
  };
  client.onStompError = ({ headers }) => connected.reject(new Error(headers.message));
  client.activate();
  await connected.promise;
  return [client, inbox];
}

const publish = (client: Client, destination: string, body: object): void =>
  client.publish({ destination, body: JSON.stringify(body) });

for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling']) {
  test(`@stomp/stompjs with sockjs-client over ${transport}: a customer and an agent talk, close and rate`, async () => {
    const [agent, atDesk] = await connect('/ws/agent', transport, await login('agent1'));
    const [alice, atHome] = await connect('/ws/chat', transport, await login('alice'));
    publish(agent, '/app/status', { status: 'online', capacity: 5 });
    publish(alice, '/app/send', { content: `Hello over ${transport}` });
    const sessionId = await atDesk.message(`Hello over ${transport}`);
    publish(agent, '/app/send', { sessionId, content: '您好，请问有什么可以帮您？' });
    assert.equal(await atHome.message('您好，请问有什么可以帮您？'), sessionId);
    publish(agent, '/app/close', { sessionId });
    await atHome.next((out) => out.type === 'session' && out.event === 'closed');
    publish(alice, '/app/rate', { sessionId, score: 5 });
    await atDesk.next((out) => out.type === 'session' && out.event === 'rated');
    await Promise.all([agent.deactivate(), alice.deactivate()]);
  });
}
