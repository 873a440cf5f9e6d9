import { DomainError } from '../../core/errors.ts';
import type { Core } from '../../core/index.ts';
import type { Principal } from '../../core/model.ts';
import { Stored } from '../common/stored.ts';
import { MIMI } from './name.ts';
import { readNoticeReceived, readRecive, readSend } from './schemas.ts';

/** What a command may use. */
export interface CommandContext {
  readonly core: Core;
  readonly principal: Principal;
  /** The principal's. */
  readonly uid: number;
  readonly sessionId: string;
  /** The client has the message with this client id. */
  confirm(clientId: string): Promise<void>;
  /** Tells the client what its user did not confirm. */
  sync(): Promise<void>;
  /** Tells the client that what it sent under this id is stored. */
  sent(msgID: string): void;
  /** Tells the client that its confirmation of this message is stored. */
  received(msgID: string): void;
  /** Tells the client that its confirmation of this notice is stored. */
  noticeReceived(id: string): void;
}

/** Where a client confirms a notice, which it names by `id`. */
export const NOTICE_RECEIVED = '/socket/ntc/rcv';

export type Command = (context: CommandContext, body: Uint8Array) => Promise<unknown>;

/** By destination. Each resolves once what it did is durable, and rejects with a `DomainError`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['/socket/chat/send', send],
  ['/socket/chat/recive', recive],
  [NOTICE_RECEIVED, receiveNotice],
  // Clients send null, nothing or anything with it.
  ['/socket/chat/init', ({ sync }) => sync()],
]);

async function send(context: CommandContext, body: Uint8Array): Promise<Stored> {
  const { core, principal, uid, sessionId } = context;
  const { msgID, reciverId, content, message } = readSend(body);
  const text = content ?? message;
  if (text === undefined) throw new DomainError('EINVAL', 'content is missing', { field: 'content' });
  if (reciverId === uid) {
    throw new DomainError('ECONFLICT', 'you can not send to yourself', { field: 'reciverId' });
  }
  const { message: stored } = await core.messages.send(principal, {
    clientId: msgID,
    target: { kind: 'uid', uid: reciverId },
    content: { type: 'text', text, extra: null },
    source: MIMI,
    originSession: sessionId,
  });
  context.sent(msgID);
  return new Stored(stored, msgID);
}

async function recive({ confirm, received }: CommandContext, body: Uint8Array): Promise<void> {
  const { msgID } = readRecive(body);
  await confirm(msgID);
  received(msgID);
}

/** Reading it counts as having been told, too. */
async function receiveNotice(context: CommandContext, body: Uint8Array): Promise<void> {
  const { core, principal, noticeReceived } = context;
  const { id } = readNoticeReceived(body);
  await core.notifications.read(principal, id);
  noticeReceived(id);
}
