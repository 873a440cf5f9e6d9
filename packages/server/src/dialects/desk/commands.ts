import { DESK_MESSAGE_TYPES, type DeskAck, type DeskOut } from '@haina/wire';
import { isAtDesk } from '../../core/desk/access.ts';
import { DomainError } from '../../core/errors.ts';
import type { Core } from '../../core/index.ts';
import type { ContentType, Message, Principal } from '../../core/model.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { peekString } from '../common/json.ts';
import { type IsAdded, readNamedContent } from '../common/plain-content.ts';
import { Stored } from '../common/stored.ts';
import { renderHistory, renderNote } from './render.ts';
import {
  MAX_HISTORY,
  readChatAck,
  readChatHeartbeat,
  readChatSend,
  readEdit,
  readHistory,
  readMessageRef,
  readNote,
  readRate,
  readRead,
  readSend,
  readSessionRef,
  readStatus,
  readSync,
  readTransfer,
  readTyping,
} from './schemas.ts';

/** What a command may use. */
export interface CommandContext {
  readonly core: Core;
  readonly principal: Principal;
  readonly sessionId: string;
  /** Whether a plug-in added a message type of this name. */
  readonly hasMessageType: IsAdded;
  /** Tells the client what its user missed. */
  sync(query: ReplayQuery): Promise<void>;
  /** Resolves once the client was told whatever was stored before. */
  caughtUp(): Promise<void>;
  /** Answers this session alone, at its inbox. */
  reply(body: DeskOut): void;
  /** Confirms a message that is stored, in the style of the session. */
  sent(message: Message): void;
  /** Confirms what has an answer in one style only. */
  acknowledge(confirmed: Pick<DeskAck, 'originalMsgId' | 'sessionId'>): void;
}

/** The protocol calls the types as the core does. */
const TYPES = Object.fromEntries(DESK_MESSAGE_TYPES.map((type) => [type, type])) as Record<
  string,
  ContentType
>;

/** Types count in capitals too, as `xuqm` clients write them. */
function typeNamed(msgType: unknown): unknown {
  const name = typeof msgType === 'string' ? msgType.toLowerCase() : '';
  return Object.hasOwn(TYPES, name) ? name : msgType;
}

export type Command = (context: CommandContext, body: Uint8Array) => Promise<unknown>;

/** By destination. Each resolves once what it did is durable, and rejects with a `DomainError`. */
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['/app/send', send],
  [
    '/app/typing',
    async ({ core, principal }, body) => {
      const { sessionId, typing } = readTyping(body);
      await core.desk.sessions.typing(principal, sessionId, typing);
    },
  ],
  ['/app/read', read],
  [
    '/app/close',
    async ({ core, principal }, body) => core.desk.sessions.close(principal, readSessionRef(body).sessionId),
  ],
  ['/app/rate', rate],
  ['/app/history', history],
  ['/app/sync', sync],
  [
    '/app/recall',
    async ({ core, principal, sessionId }, body) =>
      core.changes.recall(principal, readMessageRef(body).messageId, { originSession: sessionId }),
  ],
  ['/app/edit', edit],
]);

/** As clients of other servers write them. A session that begins with one of these is told everything in their style. */
const CHAT_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['/app/chat.sendMessage', sendChat],
  ['/app/chat.ack', acknowledgeChat],
  [
    '/app/chat.heartbeat',
    async ({ acknowledge }, body) => {
      const { msgId = null } = readChatHeartbeat(body);
      acknowledge({ originalMsgId: msgId, sessionId: null });
    },
  ],
]);

export function isChatCommand(destination: string): boolean {
  return CHAT_COMMANDS.has(destination);
}

const AGENT_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    '/app/status',
    async ({ core, principal }, body) => core.desk.dispatch.setStatus(principal, readStatus(body)),
  ],
  [
    '/app/accept',
    async ({ core, principal }, body) => core.desk.dispatch.accept(principal, readSessionRef(body).sessionId),
  ],
  ['/app/transfer', transfer],
  ['/app/note', note],
]);

/** Whether the destination is a command's, of customers or of agents. */
export function isDeskCommand(destination: string): boolean {
  return COMMANDS.has(destination) || CHAT_COMMANDS.has(destination) || AGENT_COMMANDS.has(destination);
}

/** The command of a destination; undefined where there is none. EPERM for a customer who asks for an agent's. */
export function commandOf(destination: string, principal: Principal): Command | undefined {
  const command = AGENT_COMMANDS.get(destination);
  if (!command) return COMMANDS.get(destination) ?? CHAT_COMMANDS.get(destination);
  if (isAtDesk(principal)) return command;
  throw new DomainError('EPERM', `${destination} is for agents only`, { field: 'destination' });
}

function send(context: CommandContext, body: Uint8Array): Promise<Stored> {
  const { skill, topic, ...said } = readSend(body);
  return say(
    context,
    said,
    skillOf({ ...(skill === undefined ? {} : { skill }), ...(topic === undefined ? {} : { topic }) }),
  );
}

function sendChat(context: CommandContext, body: Uint8Array): Promise<Stored> {
  const { msgId, sessionId, conversationId, content, messageType } = readChatSend(body);
  return say(context, {
    content,
    msgType: messageType,
    ...(msgId === undefined ? {} : { clientMsgId: msgId }),
    // Who has no session yet may say so by an empty one.
    ...(sessionId === undefined || sessionId === '' ? {} : { sessionId }),
    ...(conversationId === undefined ? {} : { conversationId }),
  });
}

/** What came has arrived, or was read too. */
async function acknowledgeChat(
  { core, principal, acknowledge }: CommandContext,
  body: Uint8Array,
): Promise<void> {
  const { msgId, status } = readChatAck(body);
  if (status?.toUpperCase() === 'READ') await core.messages.read(principal, msgId, { upTo: false });
  else await core.messages.received(principal, msgId);
  acknowledge({ originalMsgId: msgId, sessionId: peekString(body, 'sessionId') });
}

interface Said {
  readonly sessionId?: string;
  readonly conversationId?: string;
  readonly clientMsgId?: string;
  readonly content?: unknown;
  readonly msgType?: unknown;
}

async function say(
  context: CommandContext,
  { sessionId, conversationId, clientMsgId, content, msgType }: Said,
  skill?: string,
): Promise<Stored> {
  const { core, principal, sessionId: originSession, hasMessageType: isAdded } = context;
  const command = {
    ...(clientMsgId === undefined ? {} : { clientId: clientMsgId }),
    content: readNamedContent({ names: TYPES, isAdded }, typeNamed(msgType ?? 'text'), content),
    source: 'desk',
    originSession,
  };
  if (conversationId !== undefined) requireAlone(conversationId, sessionId, skill);
  const { message } =
    conversationId === undefined
      ? await core.desk.sessions.send(principal, {
          ...command,
          ...(sessionId === undefined ? {} : { sessionId }),
          ...(skill === undefined ? {} : { skill }),
        })
      : await core.messages.send(principal, {
          ...command,
          target: { kind: 'conversation', conversationId },
        });
  context.sent(message);
  return new Stored(message, message.id);
}

/** EINVAL where a message outside of service sessions has what only these have, or names one of them. */
function requireAlone(conversationId: string, sessionId?: string, skill?: string): void {
  if (sessionId === undefined && skill === undefined) return;
  throw new DomainError(
    'EINVAL',
    `conversationId ${conversationId} goes without sessionId, skill and topic`,
    {
      field: 'conversationId',
    },
  );
}

/** EINVAL where the two names of one thing disagree. */
function skillOf({ skill, topic }: { readonly skill?: string; readonly topic?: string }): string | undefined {
  if (skill === undefined || topic === undefined || skill === topic) return skill ?? topic;
  throw new DomainError('EINVAL', 'skill and topic are two names of one thing: give one', { field: 'topic' });
}

async function read({ core, principal }: CommandContext, body: Uint8Array): Promise<void> {
  const { messageId, upTo = false, sessionId, seq } = readRead(body);
  if (messageId !== undefined) return core.messages.read(principal, messageId, { upTo });
  if (sessionId !== undefined) return core.desk.sessions.read(principal, sessionId, seq);
  throw new DomainError('EINVAL', 'messageId or sessionId is missing', { field: 'messageId' });
}

async function rate({ core, principal }: CommandContext, body: Uint8Array): Promise<void> {
  const { sessionId, score, comment } = readRate(body);
  await core.desk.sessions.rate(principal, sessionId, score, comment);
}

async function history(context: CommandContext, body: Uint8Array): Promise<void> {
  const { core, principal, caughtUp, reply } = context;
  const { sessionId, before, limit = MAX_HISTORY } = readHistory(body);
  const page = { limit, ...(before === undefined ? {} : { before }) };
  const found = await core.desk.sessions.history(principal, sessionId, page);
  await caughtUp();
  reply(renderHistory(sessionId, found));
}

async function sync({ sync: run }: CommandContext, body: Uint8Array): Promise<void> {
  const { sessionId, sinceSeq } = readSync(body);
  if (sinceSeq !== undefined && sessionId === undefined) {
    throw new DomainError('EINVAL', 'sinceSeq needs a sessionId', { field: 'sessionId' });
  }
  await run({
    ...(sessionId === undefined ? {} : { conversationId: sessionId }),
    ...(sinceSeq === undefined ? {} : { sinceSeq }),
  });
}

async function edit({ core, principal, sessionId }: CommandContext, body: Uint8Array): Promise<void> {
  const { messageId, content } = readEdit(body);
  await core.changes.edit(principal, messageId, content, { originSession: sessionId });
}

async function transfer({ core, principal }: CommandContext, body: Uint8Array): Promise<void> {
  const { sessionId, agentId, skill } = readTransfer(body);
  if ((agentId === undefined) === (skill === undefined)) {
    throw new DomainError('EINVAL', 'either agentId or skill is needed', { field: 'agentId' });
  }
  const to = agentId === undefined ? { skill: skill ?? '' } : { agentId };
  await core.desk.dispatch.transfer(principal, sessionId, to);
}

async function note(context: CommandContext, body: Uint8Array): Promise<void> {
  const { core, principal, sessionId: originSession, reply } = context;
  const { sessionId, content, clientMsgId } = readNote(body);
  const stored = await core.desk.sessions.note(principal, {
    sessionId,
    content,
    ...(clientMsgId === undefined ? {} : { clientId: clientMsgId }),
    originSession,
  });
  reply(renderNote(stored));
}
