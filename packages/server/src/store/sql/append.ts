import type { ServiceSession } from '../../core/desk/model.ts';
import type { Content, Message, MessageReference } from '../../core/model.ts';
import type { NewMember, NewMessage } from '../../core/ports/store.ts';
import {
  decideAppend,
  requireReferable,
  requireSameMessage,
  requireSamePerson,
} from '../../core/rules/append.ts';
import { type NamedMessage, TargetTable } from './append-target.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import type { ServiceTable } from './desk-sessions.ts';
import type { FileTable, MessagePlace } from './files.ts';
import type { MessageLooks } from './message-looks.ts';
import { contentColumns, contentDigest, toMessage } from './message-row.ts';
import { type PackedParties, packParties } from './parties.ts';
import type { RepeatRow } from './repeats.ts';
import { get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';
import type { WriteCaches } from './write-caches.ts';

/** What an append adds to what the caller knows already: little, as it is copied between threads. */
export interface AppendOutcome {
  readonly conversationId: string;
  readonly kind: ConversationRow['kind'];
  readonly seq: number;
  readonly number: number;
  readonly targetId: string;
  readonly parties: PackedParties;
  readonly memberCount: number;
  readonly joined?: readonly NewMember[];
  readonly opened?: ServiceSession;
  readonly reference?: MessageReference;
  /** What was stored, where that is not what was given. */
  readonly content?: Content;
  /** The message stored earlier, where the append was a repeat. */
  readonly earlier?: Message;
}

export interface AppendDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly conversations: ConversationTable;
  readonly services: ServiceTable;
  readonly looks: MessageLooks;
  readonly files: FileTable;
  readonly caches: WriteCaches;
}

const NO_FILES: readonly number[] = [];

/** SQL that appends messages to conversations. What many appends need is looked up, and written, for all of them (`WriteCaches`). */
export class AppendTable {
  readonly #deps: AppendDeps;
  readonly #targets: TargetTable;

  constructor(deps: AppendDeps) {
    this.#deps = deps;
    this.#targets = new TargetTable(deps);
  }

  *append(given: NewMessage): Op<AppendOutcome> {
    const { tenants, caches, services } = this.#deps;
    const tenant = yield* tenants.ensure(given.tenant);
    const sender = yield* caches.parties.identity(tenant, given.senderId);
    requireSamePerson(sender.generation, given.senderGeneration);
    const target = yield* this.#targets.named(tenant, given.target);
    const isDeleted = Boolean(sender.deleted);
    const message = { ...given, target, person: sender.person, isDeleted };
    const repeat = yield* this.#repeat(tenant, message);
    if (repeat) return repeat;
    const held = yield* this.#filesOf(tenant, message);
    const original = yield* this.#original(message);
    const destination = yield* this.#targets.find(tenant, message);
    const { conversation } = destination;
    if (conversation.kind === 'service') yield* services.requireOpen(conversation.pk, message.senderId);
    yield* this.#decide(conversation, message);
    const { seq, number } = yield* this.#store(tenant, conversation, message, original);
    yield* this.#hold(held, message.reference?.kind === 'forward' ? original : undefined, {
      conversation: conversation.pk,
      seq,
    });
    if (conversation.kind === 'service') {
      yield* services.written(conversation.pk, message.senderId, message.createdAt);
    }
    const { joined, opened } = destination;
    const { targetId, parties } = yield* caches.parties.of(tenant, conversation, message.person);
    const reference = referenceTo(original, message);
    return {
      conversationId: conversation.id,
      kind: conversation.kind,
      seq,
      number,
      targetId,
      parties: packParties(parties),
      memberCount: conversation.member_count,
      ...(joined ? { joined } : {}),
      ...(opened ? { opened } : {}),
      ...(reference ? { reference, content: contentWith(original, message) } : {}),
    };
  }

  /** Asks whether the sender may write there; what it writes it has got and read. */
  *#decide({ pk, kind, last_seq }: ConversationRow, { guest, senderId, isDeleted }: NamedMessage): Op<void> {
    const { positions } = this.#deps.caches;
    const next = [{ from: last_seq + 1, to: last_seq + 1 }];
    const isGuest = guest !== undefined;
    const isMember =
      !isGuest && !isDeleted && (yield* positions.cover(pk, senderId, 'read', next)) !== undefined;
    const isOpen = isGuest && (yield* this.#isOpen(pk));
    decideAppend({ kind, isGuest, isMember, isOpen });
  }

  /** Takes the conversation's next sequence for a message. */
  *#store(
    tenant: number,
    conversation: ConversationRow,
    message: NamedMessage,
    original: Message | undefined,
  ): Op<{ seq: number; number: number }> {
    const { conversations, numbers, inserts, repeats } = this.#deps.caches;
    const seq = conversation.last_seq + 1;
    const number = yield* numbers.next(conversation.activity);
    const { reference, guest, sentContent, person, clientId, createdAt } = message;
    const said = contentColumns(contentWith(original, message));
    inserts.add([
      conversation.pk,
      seq,
      number,
      message.id,
      tenant,
      clientId,
      person,
      said.type,
      said.text,
      said.extra,
      said.fields,
      createdAt,
      message.source,
      message.deviceId,
      reference?.kind ?? null,
      original?.id ?? null,
      reference?.reason ?? null,
      guest ? JSON.stringify(guest) : null,
      sentContent ? contentDigest(contentColumns(sentContent)) : null,
    ]);
    repeats.used({ tenant, clientId, person });
    conversation.last_seq = seq;
    conversation.activity = number;
    conversations.moved(conversation);
    return { seq, number };
  }

  /** The earlier append with the same client id; ECONFLICT where it said something else. */
  *#repeat(tenant: number, message: NamedMessage): Op<AppendOutcome | undefined> {
    const { caches } = this.#deps;
    const key = { tenant, clientId: message.clientId, person: message.person };
    if (!(yield* caches.repeats.isUsed(key))) return undefined;
    yield* caches.inserts.flush();
    const row = yield* caches.repeats.find(key);
    if (!row) return undefined;
    const isSame = (yield* this.#targets.isTarget(tenant, row, message)) && saysTheSame(row, message);
    requireSameMessage(isSame && (yield* this.#refersToTheSame(row, message)));
    const { cid: conversationId, kind, seq, number, member_count: memberCount } = row;
    const conversation = { id: conversationId, kind, name: row.cname, uid: row.cuid };
    const sides = yield* caches.parties.of(tenant, conversation, row.sender);
    const earlier = toMessage(message.tenant, conversation, row, sides);
    const { targetId } = sides;
    const parties = packParties(sides.parties);
    return { conversationId, kind, seq, number, targetId, parties, memberCount, earlier };
  }

  *#refersToTheSame(row: RepeatRow, { tenant, senderId, reference }: NewMessage): Op<boolean> {
    if ((reference?.kind ?? null) !== row.ref_kind) return false;
    if (!reference) return true;
    const found = yield* this.#find(tenant, reference.ref, senderId);
    return found?.message.id === row.ref_id;
  }

  /** The message that a new one refers to. ENOENT unless its sender may see it; ECONFLICT where it is gone. */
  *#original({ tenant, senderId, reference }: NewMessage): Op<Message | undefined> {
    if (!reference) return undefined;
    const found = yield* this.#find(tenant, reference.ref, senderId);
    requireReferable(reference.ref, found && { ...found, state: found.message.state });
    return found?.message;
  }

  *#find(tenant: string, ref: string, viewerId: string) {
    const { looks, caches } = this.#deps;
    yield* caches.inserts.flush();
    return yield* looks.find({ tenant, ref, viewerId, prefer: 'received' }, caches.parties);
  }

  *#filesOf(tenant: number, message: NamedMessage): Op<readonly number[]> {
    const { senderId, files = [] } = message;
    if (files.length === 0) return NO_FILES;
    // Whoever locks files has locked the conversation before.
    yield* this.#targets.existing(tenant, message);
    return yield* this.#deps.files.requireLinkable(tenant, senderId, files);
  }

  /** Lets a new message hold its files, and those of what it forwards. */
  *#hold(files: readonly number[], forwarded: Message | undefined, place: MessagePlace): Op<void> {
    if (files.length > 0) yield* this.#deps.files.link(files, place);
    if (!forwarded) return;
    const origin = (yield* get<MessagePlace>(
      'SELECT conversation, seq FROM message WHERE id = ?',
      forwarded.id,
    )) as MessagePlace;
    yield* this.#deps.files.link(yield* this.#deps.files.heldBy(origin), place);
  }

  *#isOpen(conversation: number): Op<boolean> {
    const room = yield* get<{ open: 0 | 1 }>('SELECT open FROM room WHERE conversation = ?', conversation);
    return room?.open === 1;
  }
}

function referenceTo(original: Message | undefined, { reference }: NewMessage): MessageReference | undefined {
  if (!original || !reference) return undefined;
  const { kind, reason } = reference;
  const { id: messageId, senderId, content } = original;
  return { kind, messageId, senderId, text: content.text, isRecalled: false, reason };
}

/** What a message is stored with: a forward carries what it forwards. */
function contentWith(original: Message | undefined, { content, reference }: NewMessage): Content {
  if (!original || reference?.kind !== 'forward') return content;
  const { type, text, extra } = original.content;
  return { ...content, type, text: content.text === '' ? text : content.text, extra };
}

function saysTheSame(row: RepeatRow, message: NamedMessage): boolean {
  const { reference, content: stored, sentContent: content = stored } = message;
  const said = contentColumns(content);
  if (reference?.kind === 'forward' && (content.text === '' || content.text === row.text)) return true;
  if (row.original) return contentDigest(said).equals(row.original);
  const { type, text, extra, fields } = said;
  return type === row.type && text === row.text && extra === row.extra && fields === row.fields;
}
