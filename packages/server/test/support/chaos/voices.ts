import WebSocket from 'ws';
import type { Dialect } from '../matrix/clients.ts';
import { StompClient } from '../stomp-client.ts';
import { tokenOf } from '../token.ts';

/** What became of a message that was sent. */
export interface Outcome {
  readonly id: string;
  readonly isConfirmed: boolean;
}

/** One person's connection, by which it writes. */
export interface Voice {
  say(id: string): void;
  /** Rejects once the connection is gone. */
  next(): Promise<Outcome>;
  close(): void;
}

/** Where people write. */
export interface Addressees {
  readonly group: string;
  /** A user, for the dialect that begins no group by itself. */
  readonly uid: number;
}

/** Ids of messages, as they are found in whatever form a refusal has. */
const ID = /chaos-\w+-\d+-\d+/;

type Connect = (wsUrl: string, user: string, to: Addressees) => Promise<Voice>;

interface StompDoor {
  readonly path: string;
  readonly role?: string;
  readonly errors: string;
  readonly destination: string;
  body(id: string, to: Addressees): object;
}

const DOORS: Readonly<Record<Exclude<Dialect, 'room'>, StompDoor>> = {
  xuqm: {
    path: '/ws/im',
    errors: '/user/queue/errors',
    destination: '/app/chat.send',
    body: (messageId, { group }) => ({
      ...{ messageId, toId: group, chatType: 'GROUP', msgType: 'TEXT', content: messageId },
    }),
  },
  im: {
    path: '/ws',
    errors: '/user/queue/errors',
    destination: '/app/chat',
    body: (clientMsgId, { group }) => ({
      conversationId: group,
      clientMsgId,
      msgType: 0,
      content: clientMsgId,
    }),
  },
  mimi: {
    path: '/Mimi/client',
    errors: '/user/queue/status',
    destination: '/socket/chat/send',
    body: (msgID, { uid }) => ({ msgID, reciverId: uid, content: msgID }),
  },
  desk: {
    path: '/ws/agent',
    role: 'agent',
    errors: '/user/queue/errors',
    destination: '/app/send',
    body: (clientMsgId, { group }) => ({ conversationId: group, clientMsgId, content: clientMsgId }),
  },
};

function stompOf({ path, role, errors, destination, body }: StompDoor): Connect {
  return async (wsUrl, user, to) => {
    const client = await StompClient.connect(wsUrl, tokenOf(user, role ? { role } : {}), path);
    await client.subscribe(errors);
    return {
      say: (id) => client.sendJson(destination, body(id, to), { receipt: id }),
      async next() {
        const frame = await client.nextMatching('an answer', ({ command }) => command !== 'CONNECTED');
        const receipt = frame.headers.get('receipt-id');
        if (receipt !== undefined) return { id: receipt, isConfirmed: true };
        return { id: idIn(Buffer.from(frame.body).toString()), isConfirmed: false };
      },
      close: () => client.socket.terminate(),
    };
  };
}

/** The sender of a room gets its own message: that is the confirmation. A refusal names no message; the oldest is meant. */
const room: Connect = async (wsUrl, user, { group }) => {
  const socket = new WebSocket(`${wsUrl}/ws/room?v=1&token=${tokenOf(user)}`);
  socket.on('error', () => {});
  const sent = new Set<string>();
  const outcomes: Outcome[] = [];
  let wake = (): void => {};
  const joined = Promise.withResolvers<void>();
  // Where nobody waits for it any more.
  joined.promise.catch(() => {});
  socket.on('message', (data) => {
    const [id] = ID.exec(String(data)) ?? [];
    const { status } = JSON.parse(String(data)) as { status: number };
    // The first answer is to the join. Who was not let in, as the store was away, has to come again.
    if (status === 0) joined.reject(new Error(`not let in: ${data}`));
    else joined.resolve();
    const [oldest] = sent;
    const meant = status === 0 ? oldest : id;
    if (meant === undefined || !sent.delete(meant)) return;
    outcomes.push({ id: meant, isConfirmed: status !== 0 });
    wake();
  });
  socket.on('close', () => {
    joined.reject(new Error('the connection closed'));
    wake();
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('close', () => reject(new Error('the connection closed')));
  });
  const send = (msgType: number, dataType: number, data: object): void =>
    socket.send(
      JSON.stringify({
        msgType,
        textData: { dataType, data: { from: { id: user }, roomNumber: group, ...data } },
      }),
    );
  send(2, 1, {});
  await joined.promise.catch((error) => {
    socket.terminate();
    throw error;
  });
  return {
    say(id) {
      sent.add(id);
      send(3, 3, { id, content: id });
    },
    async next() {
      for (;;) {
        const outcome = outcomes.shift();
        if (outcome) return outcome;
        if (socket.readyState !== WebSocket.OPEN) throw new Error('the connection closed');
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => socket.terminate(),
  };
};

function idIn(text: string): string {
  const [id] = ID.exec(text) ?? [];
  if (id === undefined) throw new Error(`this names no message: ${text}`);
  return id;
}

/** How a person of each dialect connects to write. */
export const VOICES: Readonly<Record<Dialect, Connect>> = {
  xuqm: stompOf(DOORS.xuqm),
  im: stompOf(DOORS.im),
  mimi: stompOf(DOORS.mimi),
  desk: stompOf(DOORS.desk),
  room,
};
