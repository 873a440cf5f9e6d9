import { WebSocket } from 'ws';
import { type AckMode, RealClient } from '../real-client.ts';
import { tokenOf } from '../token.ts';
import { Heard } from './heard.ts';

export const DIALECTS = ['xuqm', 'im', 'mimi', 'desk', 'room'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** A user, and the dialect that its client speaks. */
export interface Person {
  readonly dialect: Dialect;
  readonly id: string;
  readonly username: string;
  readonly nickname: string;
  readonly uid: number;
}

export interface Picture {
  readonly url: string;
  readonly text: string;
}

/** The conversation of many that all five are in. */
export interface Group {
  readonly id: string;
  readonly name: string;
}

/** Where something is said. */
export type Place = Group | Person;

export const isGroup = (place: Place): place is Group => !('dialect' in place);
export const singleOf = (one: Person, other: Person): string =>
  `single:${[one.id, other.id].sort().join(':')}`;

/** One person's client. What its dialect has no command for is absent. Ids are those that the writers gave. */
export interface MatrixClient {
  readonly heard: Heard;
  /** Connects, and does what a client of this dialect does first. */
  come(): Promise<void>;
  /** Disconnects. */
  go(): Promise<void>;
  /** Asks for what was missed; absent where coming is asking. */
  sync?(): void;
  /** Asks for it once more, where that is not `sync`. */
  again?(): void;
  say(to: Place, id: string, text: string): void;
  show?(to: Place, id: string, picture: Picture): void;
  revoke?(id: string): void;
  edit?(id: string, text: string): void;
  read?(id: string): void;
  /** Says that it has the message, where that is the client's to say. */
  confirm?(id: string): void;
  /** Says so where writing it was proof enough. */
  sign?(id: string): void;
}

/** The doors of `desk`: its client in the walk is a customer or an agent. */
export const DESK_DOORS = { '/ws/agent': 'agent', '/ws/chat': 'user' } as const;
export type DeskDoor = keyof typeof DESK_DOORS;

export interface World {
  readonly wsUrl: string;
  readonly group: Group;
  /** Where the client of `desk` connects; as an agent where absent. */
  readonly deskDoor?: DeskDoor;
  /** How clients of STOMP acknowledge; automatically where absent. */
  readonly ack?: AckMode;
}

type Make = (world: World, self: Person) => MatrixClient;

/** What the STOMP dialects share: how they connect, and what becomes of what comes. */
function stompOf(
  { brokerURL, ack }: { brokerURL: string; ack: AckMode | undefined },
  destinations: string[],
  parse: (body: unknown) => unknown = (body) => body,
) {
  const heard = new Heard();
  let client: RealClient;
  return {
    heard,
    publish: (destination: string, body?: object): void => client.publish(destination, body),
    async come(): Promise<void> {
      const hear = (at: string, body: unknown): void => heard.add(at, parse(body));
      client = await RealClient.connect({ brokerURL }, destinations, hear, ack);
    },
    go: () => client.close(),
  };
}

const xuqm: Make = ({ wsUrl, ack }, self) => {
  const queues = ['messages', 'receipts', 'errors'].map((name) => `/user/queue/${name}`);
  const { publish, ...connection } = stompOf(
    { brokerURL: `${wsUrl}/ws/im?token=${tokenOf(self.id)}`, ack },
    queues,
  );
  const send = (to: Place, messageId: string, msgType: string, content: unknown): void =>
    publish('/app/chat.send', {
      messageId,
      toId: to.id,
      chatType: isGroup(to) ? 'GROUP' : 'SINGLE',
      msgType,
      content,
    });
  return {
    ...connection,
    sync: () => publish('/app/chat.sync', {}),
    say: (to, id, text) => send(to, id, 'TEXT', text),
    show: (to, id, picture) => send(to, id, 'IMAGE', picture),
    revoke: (messageId) => publish('/app/chat.revoke', { messageId }),
    read: (messageId) => publish('/app/chat.read', { messageId }),
  };
};

const im: Make = ({ wsUrl, ack }, self) => {
  const queues = ['private-messages', 'message-status', 'events', 'errors'].map(
    (name) => `/user/queue/${name}`,
  );
  const { publish, ...connection } = stompOf(
    { brokerURL: `${wsUrl}/ws?token=${tokenOf(self.id)}`, ack },
    queues,
    unpackIm,
  );
  const send = (to: Place, clientMsgId: string, msgType: number, content: unknown): void =>
    isGroup(to)
      ? publish('/app/chat', { conversationId: to.id, clientMsgId, msgType, content })
      : publish('/app/private-message', { receiverId: to.id, clientMsgId, msgType, content });
  return {
    ...connection,
    async come() {
      await connection.come();
      // The server's greeting, which tells of the session.
      await connection.heard.count(1);
      connection.heard.drop(({ body }) => (body as { type: number }).type === 30);
    },
    sync: () => publish('/app/sync', {}),
    say: (to, id, text) => send(to, id, 0, text),
    show: (to, id, { url, text }) => send(to, id, 1, { content: text, contentExtra: { url } }),
    revoke: (messageId) => publish('/app/delete-message', { messageId, deleteScope: 1 }),
    edit: (messageId, newContent) => publish('/app/edit-message', { messageId, newContent }),
    read: (messageId) => publish('/app/read-message', { messageId }),
  };
};

/** The document that an envelope carries as a text is a value here. */
function unpackIm(body: unknown): unknown {
  const arms = ['chat', 'event', 'system', 'notification'];
  const unpack = ([name, value]: [string, unknown]): [string, unknown] => {
    if (!arms.includes(name)) return [name, value];
    const arm = value as { content: string };
    return [name, { ...arm, content: JSON.parse(arm.content) as unknown }];
  };
  return Object.fromEntries(Object.entries(body as object).map(unpack));
}

const mimi: Make = ({ wsUrl, ack }, self) => {
  const inbox = `/user/${self.uid}/recive`;
  const queues = ['status', 'send/status', 'recive/status'].map((name) => `/user/queue/${name}`);
  // A group's number is known to who got a message of it.
  let group: number | undefined;
  const learn = (body: unknown): unknown => {
    const { reciverId = 0 } = body as { reciverId?: number };
    if (reciverId < 0) group = reciverId;
    return body;
  };
  const brokerURL = `${wsUrl}/Mimi/client?srect=${tokenOf(self.id)}`;
  const { publish, ...connection } = stompOf({ brokerURL, ack }, [inbox, ...queues], learn);
  return {
    ...connection,
    sync: () => publish('/socket/chat/init'),
    say: (to, msgID, content) =>
      publish('/socket/chat/send', { msgID, reciverId: isGroup(to) ? group : to.uid, content }),
    confirm: (msgID) => publish('/socket/chat/recive', { msgID }),
  };
};

const desk: Make = ({ wsUrl, deskDoor = '/ws/agent', ack }, self) => {
  const queues = ['/user/queue/messages', '/user/queue/errors'];
  const token = tokenOf(self.id, { role: DESK_DOORS[deskDoor] });
  const brokerURL = `${wsUrl}${deskDoor}?token=${token}`;
  const { publish, ...connection } = stompOf({ brokerURL, ack }, queues);
  const send = (to: Place, clientMsgId: string, more: object): void =>
    publish('/app/send', { conversationId: isGroup(to) ? to.id : singleOf(self, to), clientMsgId, ...more });
  return {
    ...connection,
    again: () => publish('/app/sync', {}),
    say: (to, id, content) => send(to, id, { content }),
    show: (to, id, content) => send(to, id, { msgType: 'image', content }),
    revoke: (messageId) => publish('/app/recall', { messageId }),
    edit: (messageId, content) => publish('/app/edit', { messageId, content }),
    read: (messageId) => publish('/app/read', { messageId }),
  };
};

const room: Make = ({ wsUrl, group }, self) => {
  const heard = new Heard();
  const from = { id: self.id };
  let socket: WebSocket;
  const send = (document: object): void => socket.send(JSON.stringify(document));
  const enter = (dataType: 1 | 2): void =>
    send({ msgType: 2, textData: { dataType, data: { from, roomNumber: group.id } } });
  return {
    heard,
    async come() {
      socket = new WebSocket(`${wsUrl}/ws/room?v=1&token=${tokenOf(self.id)}`);
      socket.on('message', (data) => heard.add('/ws/room', JSON.parse(String(data))));
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      enter(1);
    },
    again() {
      enter(2);
      enter(1);
    },
    go: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve());
        socket.close();
      }),
    say: (to, id, content) =>
      send({ msgType: 3, textData: { dataType: 3, data: { from, roomNumber: to.id, id, content } } }),
    sign: (id) => send({ msgType: 4, textData: { data: { roomNumber: group.id, id } } }),
  };
};

export const CLIENTS: Readonly<Record<Dialect, Make>> = { xuqm, im, mimi, desk, room };
