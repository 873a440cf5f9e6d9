import { RoomDataType, RoomMsgType } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { Content, JsonValue, Principal } from '../../core/model.ts';
import { ROOM, type RoomContext } from './context.ts';
import type { Output } from './output.ts';
import { renderChat, renderContacts, renderMember, withMembers } from './render.ts';
import { readChat, readContacts, readInit, readSign } from './schemas.ts';
import type { Seats } from './seats.ts';
import type { Visitor } from './visitor.ts';

/** What a command may use. */
export interface CommandContext {
  readonly context: RoomContext;
  readonly visitor: Visitor;
  readonly seats: Seats;
  readonly output: Output;
}

export interface Command {
  /** For the metrics. */
  readonly name: string;
  /** Does what a message asks; rejects with a `DomainError`. */
  run(context: CommandContext, message: unknown): void | Promise<void>;
}

/** By `msgType`. */
export const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  // That it came was noticed already.
  [RoomMsgType.HEARTBEAT, { name: 'heartbeat', run() {} }],
  [RoomMsgType.INIT, { name: 'init', run: init }],
  [RoomMsgType.CHAT, { name: 'chat', run: chat }],
  [RoomMsgType.SIGN, { name: 'sign', run: sign }],
  [RoomMsgType.CONTACTS, { name: 'contacts', run: contacts }],
]);

async function init({ visitor, seats }: CommandContext, message: unknown): Promise<void> {
  const { dataType, data } = readInit(message).textData;
  const { from, roomNumber } = data;
  if (dataType === RoomDataType.LEAVE) {
    if (from) visitor.identify(from);
    seats.leave(requirePresent(visitor, roomNumber), roomNumber);
    return;
  }
  if (!from)
    throw new DomainError('EINVAL', 'textData.data.from is missing', { field: 'textData.data.from' });
  const actor = seats.isEmpty ? visitor.introduce(from) : visitor.identify(from);
  await seats.join(actor, roomNumber, visitor.chat);
  visitor.settle(actor);
}

async function chat({ context, visitor, seats, output }: CommandContext, message: unknown): Promise<void> {
  const { textData, extendFields } = readChat(message);
  const { from, roomNumber, content, id } = textData.data;
  seats.require(roomNumber);
  const { messages } = context.services.core;
  const { message: stored, duplicate } = await messages.send(visitor.identify(from), {
    ...(id === undefined || id === null ? {} : { clientId: id }),
    target: { kind: 'conversation', conversationId: roomNumber },
    content: toContent(content, extendFields as JsonValue | undefined),
    source: ROOM,
  });
  if (duplicate) {
    output.send(renderChat(stored));
    return;
  }
  // What comes next may be a leave: the sender gets its message, which is its confirmation, before.
  await messages.told();
  await new Promise((resolve) => setImmediate(resolve));
}

async function sign({ context, visitor, seats }: CommandContext, message: unknown): Promise<void> {
  const { roomNumber, id } = readSign(message).textData.data;
  seats.require(roomNumber);
  await context.services.core.attendance.sign(requirePresent(visitor, roomNumber), roomNumber, id);
}

async function contacts(
  { context, visitor, seats, output }: CommandContext,
  message: unknown,
): Promise<void> {
  const asked = readContacts(message).textData?.data?.roomNumber ?? undefined;
  const roomNumber = asked ?? (visitor.chat ? undefined : seats.only);
  if (roomNumber !== undefined) {
    output.send(withMembers(renderContacts(roomNumber), seats.members(roomNumber)));
    return;
  }
  if (!visitor.chat) {
    const field = 'textData.data.roomNumber';
    throw new DomainError('EINVAL', `${field} is missing: a guest has contacts in a room only`, { field });
  }
  const { core } = context.services;
  core.attendance.requireRate(seats);
  const members = (await core.contacts.of(visitor.chat.principal)).map(renderMember);
  output.send(withMembers(renderContacts(), Buffer.from(JSON.stringify(members))));
}

/** Somebody who is in a room has said who it is. EPERM. */
function requirePresent({ principal }: Visitor, roomNumber: string): Principal {
  if (principal) return principal;
  throw new DomainError('EPERM', `join room ${roomNumber} first`, { field: 'roomNumber' });
}

function toContent(text: string, extendFields: JsonValue | null | undefined): Content {
  const content = { type: 'text', text, extra: null } as const;
  return extendFields === undefined || extendFields === null
    ? content
    : { ...content, fields: { extendFields } };
}
