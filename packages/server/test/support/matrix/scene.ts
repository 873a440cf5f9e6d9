import { RealClient } from '../real-client.ts';
import { RoomClient } from '../room-client.ts';
import type { TestServer } from '../server.ts';
import { tokenOf } from '../token.ts';
import {
  CLIENTS,
  type DeskDoor,
  DIALECTS,
  type Dialect,
  type Group,
  type MatrixClient,
  type Person,
} from './clients.ts';
import { MARK, type Told } from './heard.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
const GROUP: Group = { id: 'five', name: '五湖四海' };
/** Writes what shows that nothing else came. */
const CLERK = 'clerk';
/** Comes to the group and goes, and is in its room. */
const NEWCOMER = 'newcomer';

export type Newcomer = Pick<Person, 'id' | 'nickname' | 'uid'> & { readonly client: RoomClient };

/** Five people in a group, each with a client of another dialect, all connected. */
export class Scene {
  readonly group = GROUP;
  readonly people: Record<Dialect, Person>;
  readonly clients: Record<Dialect, MatrixClient>;
  readonly newcomer: Newcomer;
  readonly #server: TestServer;
  readonly #clerk: RealClient;
  readonly #present = new Set<Dialect>();
  /** Messages to the group that were written for `settle`. */
  marks = 0;

  private constructor(
    server: TestServer,
    people: Record<Dialect, Person>,
    deskDoor: DeskDoor,
    { clerk, newcomer }: { clerk: RealClient; newcomer: Newcomer },
  ) {
    this.#server = server;
    this.people = people;
    this.#clerk = clerk;
    this.newcomer = newcomer;
    const world = { wsUrl: server.wsUrl, group: GROUP, deskDoor };
    this.clients = byDialect((dialect) => CLIENTS[dialect](world, people[dialect]));
  }

  static async open(server: TestServer, deskDoor: DeskDoor): Promise<Scene> {
    const users = await Promise.all([...DIALECTS, CLERK, NEWCOMER].map((name) => makeUser(server, name)));
    const people = byDialect((dialect) => ({ ...users[DIALECTS.indexOf(dialect)], dialect }) as Person);
    const members = [...Object.values(people).map(({ id }) => id), CLERK].map((userId) => ({ userId }));
    await manage(server, 'POST', '/groups', { ...GROUP, members });
    const brokerURL = `${server.wsUrl}/ws/im?token=${tokenOf(CLERK)}`;
    const clerk = await RealClient.connect({ brokerURL }, []);
    const client = await RoomClient.connect(server.wsUrl, { token: tokenOf(NEWCOMER) });
    const newcomer = { ...(users.at(-1) as Omit<Newcomer, 'client'>), client };
    return new Scene(server, people, deskDoor, { clerk, newcomer });
  }

  manage(method: string, path: string, body?: object): Promise<unknown> {
    return manage(this.#server, method, path, body);
  }

  addNewcomer(): Promise<unknown> {
    return this.manage('POST', `/groups/${GROUP.id}/members`, { members: [{ userId: NEWCOMER }] });
  }

  async come(dialect: Dialect): Promise<void> {
    await this.clients[dialect].come();
    this.#present.add(dialect);
  }

  async go(dialect: Dialect): Promise<void> {
    this.#present.delete(dialect);
    await this.clients[dialect].go();
  }

  /** What each client got, once the server has told all that it had to. */
  async settle(): Promise<Record<Dialect, Told[]>> {
    // What one tick of the server stores it tells before the next one's, and a receipt comes a tick after its message.
    for (let round = 0; round < 2; round++) await this.#mark();
    return byDialect((dialect) => this.clients[dialect].heard.take());
  }

  /** Lets the `mimi` client confirm what was written for `settle` since this many, while it was away. */
  confirmMarks(since: number): void {
    for (let mark = since + 1; mark <= this.marks; mark++) this.clients.mimi.confirm?.(`${MARK}${mark}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#present].map((dialect) => this.clients[dialect].go()));
    await this.#clerk.close();
    await this.newcomer.client.drop();
  }

  async #mark(): Promise<void> {
    const messageId = `${MARK}${++this.marks}`;
    const body = { messageId, toId: GROUP.id, chatType: 'GROUP', msgType: 'TEXT', content: messageId };
    this.#clerk.publish('/app/chat.send', body);
    await Promise.all([...this.#present].map((dialect) => this.clients[dialect].heard.text(messageId)));
    if (this.#present.has('mimi')) this.clients.mimi.confirm?.(messageId);
  }
}

export function byDialect<T>(make: (dialect: Dialect) => T): Record<Dialect, T> {
  return Object.fromEntries(DIALECTS.map((dialect) => [dialect, make(dialect)])) as Record<Dialect, T>;
}

function makeUser(server: TestServer, id: string): Promise<object> {
  return manage(server, 'POST', '/users', { id, username: `名-${id}`, nickname: `昵称 ${id}` });
}

async function manage(server: TestServer, method: string, path: string, body?: object): Promise<object> {
  const answer = await server.call(method, `/api/v1${path}`, ADMIN, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body as object;
}
