import type { XuqmChatType } from '@haina/wire';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import { DomainError } from '../../core/errors.ts';
import type { Core } from '../../core/index.ts';
import type { Principal } from '../../core/model.ts';
import type { MessageTarget } from '../../core/ports/message-store.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { DEFAULT_CONVERSATIONS } from '../common/conversation-answer.ts';
import type { IsAdded } from '../common/plain-content.ts';
import { Stored } from '../common/stored.ts';
import { toContent } from './content.ts';
import { readConversations, readMessageRef, readRead, readSend, readSync, readTyping } from './schemas.ts';

/** What a command may use. */
export interface CommandContext {
  readonly core: Core;
  readonly principal: Principal;
  readonly sessionId: string;
  /** Whether a plug-in added a message type of this name. */
  readonly hasMessageType: IsAdded;
  /** Tells the client what its user missed. */
  sync(query: ReplayQuery): Promise<void>;
  /** Answers with a page of the user's conversations. */
  tellConversations(query: ConversationPageQuery): Promise<void>;
}

export type Command = (context: CommandContext, body: Uint8Array) => Promise<unknown>;

/** By destination. Each resolves once what it did is durable, and rejects with a `DomainError`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['/app/chat.send', send],
  ['/app/chat.revoke', revoke],
  ['/app/chat.read', read],
  ['/app/chat.typing', typing],
  ['/app/chat.sync', sync],
  ['/app/chat.conversations', conversations],
]);

async function send(
  { core, principal, sessionId, hasMessageType }: CommandContext,
  body: Uint8Array,
): Promise<Stored> {
  const { appId, messageId, toId, chatType, msgType, content } = readSend(body);
  requireTenant(principal, appId);
  const { message } = await core.messages.send(principal, {
    ...(messageId === undefined ? {} : { clientId: messageId }),
    target: targetOf(chatType, toId),
    content: toContent(msgType ?? 'TEXT', content, hasMessageType),
    source: 'xuqm',
    originSession: sessionId,
  });
  return new Stored(message, message.clientId);
}

function revoke({ core, principal, sessionId }: CommandContext, body: Uint8Array): Promise<unknown> {
  const { appId, messageId } = readMessageRef(body);
  requireTenant(principal, appId);
  return core.changes.recall(principal, messageId, { originSession: sessionId });
}

function read({ core, principal }: CommandContext, body: Uint8Array): Promise<unknown> {
  const { appId, messageId, upTo = false } = readRead(body);
  requireTenant(principal, appId);
  return core.messages.read(principal, messageId, { upTo });
}

function sync({ principal, sync: run }: CommandContext, body: Uint8Array): Promise<unknown> {
  const { appId, conversationId, sinceSeq } = readSync(body);
  requireTenant(principal, appId);
  if (sinceSeq !== undefined && conversationId === undefined) {
    throw new DomainError('EINVAL', 'sinceSeq needs a conversationId', { field: 'conversationId' });
  }
  return run({
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(sinceSeq === undefined ? {} : { sinceSeq }),
  });
}

async function conversations(context: CommandContext, body: Uint8Array): Promise<void> {
  const { appId, after, limit = DEFAULT_CONVERSATIONS } = readConversations(body);
  requireTenant(context.principal, appId);
  await context.tellConversations({ limit, ...(after === undefined ? {} : { after }) });
}

async function typing({ core, principal }: CommandContext, body: Uint8Array): Promise<void> {
  const { appId, toId, chatType, typing: isTyping = true } = readTyping(body);
  requireTenant(principal, appId);
  await core.typing.tell(principal, { target: targetOf(chatType, toId), isTyping });
}

function targetOf(chatType: XuqmChatType, toId: string) {
  return chatType === 'SINGLE' ? ({ kind: 'user', userId: toId } as const) : groupTarget(toId);
}

function groupTarget(groupId: string): Extract<MessageTarget, { kind: 'conversation' }> {
  // Only single conversations have a colon in their id, and those are no groups.
  if (groupId.includes(':')) throw new DomainError('ENOENT', `no group ${groupId}`, { field: 'toId' });
  return { kind: 'conversation', conversationId: groupId };
}

/** Throws EPERM where the body names another application than the token. */
function requireTenant({ tenant }: Principal, appId: string | undefined): void {
  if (appId === undefined || appId === tenant) return;
  throw new DomainError('EPERM', "appId is not the token's application", { field: 'appId' });
}
