import { singleConversationId } from '../../core/conversations.ts';
import type { ServiceSession } from '../../core/desk/model.ts';
import { DomainError } from '../../core/errors.ts';
import { canBecome, statusOfState } from '../../core/message-status.ts';
import type {
  Content,
  MemberRole,
  Message,
  MessageReference,
  MessageState,
  SeqRange,
} from '../../core/model.ts';
import type {
  Acknowledged,
  Acknowledgement,
  ChangedMessage,
  HistoryQuery,
  MessageChange,
  MessageLook,
  MessageTarget,
  MessageView,
  NewMember,
  NewMessage,
  UnreadMessage,
  UnreadQuery,
} from '../../core/ports/store.ts';
import { intersect } from '../../core/ranges.ts';
import type { ConversationRow, ConversationTable } from './conversations.ts';
import { toService } from './desk-rows.ts';
import type { ServiceTable } from './desk-sessions.ts';
import type { FileTable, MessagePlace } from './files.ts';
import {
  contentColumns,
  contentDigest,
  MESSAGE_COLUMNS,
  MESSAGE_TABLE,
  type MessageRow,
  NOT_HIDDEN,
  toMessage,
} from './message-row.ts';
import { Numbers } from './numbers.ts';
import { type Identity, type PackedParties, PartyTable, packParties } from './parties.ts';
import { type PositionTable, upTo } from './positions.ts';
import { ReachTable } from './reach.ts';
import { inSight, SIGHT_COLUMNS, type SightRow, sightOf, unseenBy } from './sight.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UntoldTable } from './untold.ts';
import type { UserTable } from './users.ts';

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

const MAX_CACHED_CONVERSATIONS = 50_000;

export interface MessageTableDeps {
  readonly tenants: Tenants;
  readonly users: UserTable;
  readonly conversations: ConversationTable;
  readonly services: ServiceTable;
  readonly positions: PositionTable;
  readonly files: FileTable;
  readonly untold: UntoldTable;
}

/**
 * SQL of messages. Conversations stay cached over transactions, as this process is the file's only writer; counters
 * that a transaction moved are written back once, by `flush`.
 */
export class MessageTable {
  readonly #deps: MessageTableDeps;
  readonly #cache = new Map<string, ConversationRow>();
  readonly #dirty = new Set<ConversationRow>();
  readonly #numbers: Numbers;
  readonly #parties: PartyTable;
  readonly #reach: ReachTable;

  constructor(deps: MessageTableDeps) {
    this.#deps = deps;
    this.#numbers = new Numbers();
    this.#parties = new PartyTable();
    this.#reach = new ReachTable();
  }

  *append(given: NewMessage): Op<AppendOutcome> {
    const { tenants, services, positions } = this.#deps;
    const tenant = yield* tenants.ensure(given.tenant);
    const sender = yield* this.#parties.identity(tenant, given.senderId);
    requireSamePerson(sender, given.senderGeneration);
    const message = { ...given, target: yield* this.#named(tenant, given.target), person: sender.person };
    const repeat = yield* this.#repeat(tenant, message);
    if (repeat) return repeat;
    const held = yield* this.#filesOf(tenant, message.senderId, message.files);
    const original = yield* this.#original(message);
    const { conversation, joined, opened } = yield* this.#target(tenant, message);
    if (conversation.kind === 'service') yield* services.requireOpen(conversation.pk, message.senderId);
    const range = [{ from: conversation.last_seq + 1, to: conversation.last_seq + 1 }];
    if (message.guest) yield* this.#requireOpen(conversation);
    else if (!(yield* positions.cover(conversation.pk, message.senderId, 'read', range))) {
      throw new DomainError('EPERM', 'you are not a member of this conversation', { field: 'target' });
    }
    const { createdAt } = message;
    const reference = referenceTo(original, message);
    const content = contentWith(original, message);
    const said = contentColumns(content);
    const sent = message.sentContent && contentDigest(contentColumns(message.sentContent));
    const seq = conversation.last_seq + 1;
    const number = yield* this.#numbers.next(tenant);
    yield* run(
      `INSERT INTO message (conversation, seq, number, id, tenant, client_id, sender, type, text, extra, fields, created_at,
             changed_at, source, device, ref_kind, ref_id, ref_reason, guest, original)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      conversation.pk,
      seq,
      number,
      message.id,
      tenant,
      message.clientId,
      message.person,
      said.type,
      said.text,
      said.extra,
      said.fields,
      createdAt,
      createdAt,
      message.source,
      message.deviceId,
      reference?.kind ?? null,
      reference?.messageId ?? null,
      reference?.reason ?? null,
      message.guest ? JSON.stringify(message.guest) : null,
      sent ?? null,
    );
    conversation.last_seq = seq;
    conversation.activity = number;
    this.#dirty.add(conversation);
    yield* this.#hold(
      held,
      message.reference?.kind === 'forward' ? original : undefined,
      conversation.pk,
      seq,
    );
    if (conversation.kind === 'service')
      yield* services.written(conversation.pk, message.senderId, createdAt);
    yield* this.#deps.untold.add(message.id, 0, 'normal', message.senderId);
    const { targetId, parties } = yield* this.#parties.of(tenant, conversation, message.person);
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
      ...(reference ? { reference, content } : {}),
    };
  }

  *change({
    tenant,
    conversationId,
    seq,
    actorId,
    state,
    content,
    files,
    reason,
    at,
    afterClosing = false,
  }: MessageChange): Op<ChangedMessage> {
    const key = yield* this.#deps.tenants.ensure(tenant);
    const conversation = yield* this.#conversation(key, conversationId);
    const row = conversation && (yield* this.#row(conversation.pk, seq));
    if (!conversation || !row) throw new DomainError('ENOENT', 'no such message', { field: 'messageId' });
    if (conversation.kind === 'service' && !afterClosing) {
      yield* this.#deps.services.requireNotClosed(conversation.pk);
    }
    if (!canBecome(statusOfState(row.state as MessageState), statusOfState(state))) {
      throw new DomainError('ECONFLICT', `the message is ${row.state}`, { field: 'messageId' });
    }
    const sides = yield* this.#parties.of(key, conversation, row.sender);
    const held = yield* this.#filesOf(key, sides.senderId, files);
    const revision = conversation.revision + 1;
    const changed = {
      ...row,
      ...(content ? contentColumns(content) : { text: '', extra: null, fields: null }),
      state,
      revision,
      change_reason: reason,
      changed_at: at,
    };
    yield* run(
      `UPDATE message SET type = ?, text = ?, extra = ?, fields = ?, state = ?, revision = ?, changed_at = ?,
             change_reason = ?, original = ? WHERE conversation = ? AND seq = ?`,
      changed.type,
      changed.text,
      changed.extra,
      changed.fields,
      state,
      revision,
      at,
      reason,
      row.original ?? contentDigest(row),
      conversation.pk,
      seq,
    );
    conversation.revision = revision;
    this.#dirty.add(conversation);
    yield* this.#deps.positions.coverRevisions(conversation.pk, actorId, [{ from: revision, to: revision }]);
    yield* this.#deps.files.relink(held, { conversation: conversation.pk, seq }, at);
    yield* this.#deps.untold.add(row.id, revision, state, actorId);
    const message = toMessage(tenant, conversation, changed, sides);
    return { message, unseenBy: yield* unseenBy(conversation.pk, seq) };
  }

  *acknowledge({ tenant, conversationId, kind, entries, maxMembers }: Acknowledgement): Op<Acknowledged> {
    const { tenants, positions } = this.#deps;
    const conversation = yield* this.#conversation(yield* tenants.ensure(tenant), conversationId);
    if (!conversation) return { fresh: entries.map(() => []) };
    const { pk, last_seq, member_count } = conversation;
    if (maxMembers !== undefined && member_count > maxMembers) {
      yield* positions.coverAll(pk, kind, entries, last_seq);
      if (kind === 'read') for (const { userId } of entries) yield* this.#passUnreadable(pk, userId);
      return { fresh: [] };
    }
    const fresh: SeqRange[][] = [];
    for (const { userId, ranges, revisions } of entries) {
      if (revisions) yield* positions.coverRevisions(pk, userId, revisions);
      fresh.push(yield* positions.acknowledge(pk, userId, kind, upTo(last_seq, ranges)));
      if (kind === 'read') yield* this.#passUnreadable(pk, userId);
    }
    return { fresh };
  }

  /** A gap that nobody can read is none: it must not stay among the ranges for ever. */
  *#passUnreadable(conversation: number, userId: string): Op<void> {
    const { positions } = this.#deps;
    const read = (yield* positions.find(conversation, userId))?.read;
    if (!read || read.above.length === 0) return;
    const to = yield* this.#reach.readTo(conversation, userId, read);
    if (to > read.mark) yield* positions.cover(conversation, userId, 'read', [{ from: read.mark + 1, to }]);
  }

  *listUnread(query: UnreadQuery): Op<UnreadMessage[]> {
    const { tenants, conversations } = this.#deps;
    const key = yield* tenants.find(query.tenant);
    const conversation = key === undefined ? undefined : yield* conversations.row(key, query.conversationId);
    return conversation ? yield* this.#reach.listUnread(conversation.pk, query) : [];
  }

  *find({ tenant, ref, viewerId, prefer, conversationId }: MessageLook): Op<MessageView | undefined> {
    const key = yield* this.#deps.tenants.find(tenant);
    if (key === undefined) return undefined;
    const select = `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, v.role AS viewer_role,
         ${IN_SIGHT} AS in_sight,
         EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = v.user_id AND h.seq = m.seq)
           AS is_hidden
       FROM ${MESSAGE_TABLE} JOIN conversation c ON c.pk = m.conversation
       LEFT JOIN member v ON v.conversation = m.conversation AND v.user_id = ?`;
    const within = conversationId ?? null;
    const preferred = prefer === 'own' ? 'm.sender = ?' : `m.sender <> ? AND ${IN_SIGHT}`;
    const row = ((yield* get(
      `${select} WHERE m.id = ? AND m.tenant = ? AND (CAST(? AS TEXT) IS NULL OR c.id = ?)`,
      viewerId,
      ref,
      key,
      within,
      within,
    )) ??
      (yield* get(
        `${select} WHERE m.tenant = ? AND m.client_id = ? AND (CAST(? AS TEXT) IS NULL OR c.id = ?)
             ORDER BY (${preferred}) DESC, in_sight DESC, m.created_at DESC LIMIT 1`,
        viewerId,
        key,
        ref,
        within,
        within,
        (yield* this.#parties.identity(key, viewerId)).person,
      ))) as ViewRow | undefined;
    if (!row) return undefined;
    const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
    return {
      message: toMessage(tenant, conversation, row, yield* this.#parties.of(key, conversation, row.sender)),
      viewerRole: row.viewer_role ?? undefined,
      isInSight: row.in_sight === 1,
      isHidden: row.is_hidden === 1,
    };
  }

  /** @param parties of this read: the reading thread learns of no change to users, so that older ones may not be so any more */
  *list(query: HistoryQuery, parties = new PartyTable()): Op<Message[]> {
    const { tenant, conversationId, viewerId, seesAll = false } = query;
    const { tenants, conversations } = this.#deps;
    const key = yield* tenants.find(tenant);
    const conversation = key === undefined ? undefined : yield* conversations.row(key, conversationId);
    if (!conversation) return [];
    const all = [{ from: 1, to: conversation.last_seq }];
    const sight = seesAll ? all : yield* this.#sightOf(conversation.pk, viewerId);
    return yield* parties.toMessages(
      tenant,
      conversation,
      yield* this.#rowsIn(conversation.pk, sight, query),
    );
  }

  /** What a member may see of a conversation; nothing for one who is no member. */
  *#sightOf(conversation: number, userId: string): Op<SeqRange[]> {
    const row = yield* get<SightRow>(
      `SELECT ${SIGHT_COLUMNS} FROM member v JOIN conversation c ON c.pk = v.conversation
           WHERE v.conversation = ? AND v.user_id = ?`,
      conversation,
      userId,
    );
    return row ? sightOf(row) : [];
  }

  /** Messages by sequence out of ascending ranges: the newest, or the oldest after a sequence. */
  *#rowsIn(
    conversation: number,
    ranges: readonly SeqRange[],
    { viewerId, before = Number.MAX_SAFE_INTEGER, after, limit }: HistoryQuery,
  ): Op<MessageRow[]> {
    const newestFirst = after === undefined;
    const select = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
         AND ${NOT_HIDDEN} ORDER BY m.seq ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    const asked = intersect(ranges, [{ from: (after ?? 0) + 1, to: before - 1 }]);
    const rows: MessageRow[] = [];
    for (const { from, to } of newestFirst ? asked.reverse() : asked) {
      if (rows.length >= limit) break;
      const more = yield* all(select, conversation, from, to, viewerId, limit - rows.length);
      rows.push(...(more as unknown as MessageRow[]));
    }
    return newestFirst ? rows.reverse() : rows;
  }

  /** Writes back the counters that moved. To be called before the transaction ends. */
  *flush(): Op<void> {
    const update = 'UPDATE conversation SET last_seq = ?, revision = ?, activity = ? WHERE pk = ?';
    for (const { last_seq, revision, activity, pk } of this.#dirty) {
      yield* run(update, last_seq, revision, activity, pk);
    }
    this.#dirty.clear();
    yield* this.#numbers.flush();
    if (this.#cache.size > MAX_CACHED_CONVERSATIONS) this.#cache.clear();
  }

  /** Forgets what may not be so any more: after a rollback, and after members or conversations changed. */
  reset(): void {
    this.#dirty.clear();
    this.#cache.clear();
    this.#numbers.reset();
    this.#parties.reset();
  }

  /** The earlier append with the same client id; ECONFLICT where it said something else. */
  *#repeat(tenant: number, message: NamedMessage): Op<AppendOutcome | undefined> {
    const row = yield* get<RepeatRow>(
      `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, c.member_count FROM ${MESSAGE_TABLE}
           JOIN conversation c ON c.pk = m.conversation WHERE m.tenant = ? AND m.client_id = ? AND m.sender = ?`,
      tenant,
      message.clientId,
      message.person,
    );
    if (!row) return undefined;
    const isSame = (yield* this.#goesTo(tenant, row, message)) && saysTheSame(row, message);
    if (!isSame || !(yield* this.#refersToTheSame(row, message))) {
      throw new DomainError('ECONFLICT', 'this message id was used for another message', {
        field: 'clientId',
      });
    }
    const { cid: conversationId, kind, seq, number, member_count: memberCount } = row;
    const conversation = { id: conversationId, kind, name: row.cname, uid: row.cuid };
    const { targetId, parties, ...sides } = yield* this.#parties.of(tenant, conversation, row.sender);
    const earlier = toMessage(message.tenant, conversation, row, { ...sides, targetId, parties });
    const packed = packParties(parties);
    return { conversationId, kind, seq, number, targetId, parties: packed, memberCount, earlier };
  }

  *#refersToTheSame(row: RepeatRow, { tenant, senderId, reference }: NewMessage): Op<boolean> {
    if ((reference?.kind ?? null) !== row.ref_kind) return false;
    if (!reference) return true;
    const found = yield* this.find({ tenant, ref: reference.ref, viewerId: senderId, prefer: 'received' });
    return found?.message.id === row.ref_id;
  }

  /** The message that a new one refers to. ENOENT unless its sender may see it; ECONFLICT where it is gone. */
  *#original({ tenant, senderId, reference }: NewMessage): Op<Message | undefined> {
    if (!reference) return undefined;
    const { ref } = reference;
    const found = yield* this.find({ tenant, ref, viewerId: senderId, prefer: 'received' });
    if (!found?.isInSight || found.isHidden) {
      throw new DomainError('ENOENT', `no message ${ref}`, { field: 'reference' });
    }
    const { state } = found.message;
    if (state === 'recalled' || state === 'deleted') {
      throw new DomainError('ECONFLICT', `the message ${ref} is ${state}`, { field: 'reference' });
    }
    return found.message;
  }

  *#filesOf(tenant: number, senderId: string, files: NewMessage['files'] = []): Op<readonly number[]> {
    return files.length === 0 ? NO_FILES : yield* this.#deps.files.requireLinkable(tenant, senderId, files);
  }

  /** Lets a new message hold its files, and those of what it forwards. */
  *#hold(
    files: readonly number[],
    forwarded: Message | undefined,
    conversation: number,
    seq: number,
  ): Op<void> {
    const place = { conversation, seq };
    if (files.length > 0) yield* this.#deps.files.link(files, place);
    if (!forwarded) return;
    const origin = (yield* get<MessagePlace>(
      'SELECT conversation, seq FROM message WHERE id = ?',
      forwarded.id,
    )) as MessagePlace;
    yield* this.#deps.files.link(yield* this.#deps.files.heldBy(origin), place);
  }

  /** A guest is no member: it says what it says where everybody may. EPERM. */
  *#requireOpen({ pk }: ConversationRow): Op<void> {
    const room = yield* get<{ open: 0 | 1 }>('SELECT open FROM room WHERE conversation = ?', pk);
    if (room?.open === 1) return;
    throw new DomainError('EPERM', 'this conversation is not open to guests', { field: 'target' });
  }

  /** A target that is given by its uid, by its id. */
  *#named(tenant: number, target: MessageTarget): Op<NamedTarget> {
    const { users, conversations } = this.#deps;
    // Part of a single chat's id, it may name a person of a later generation by its key.
    if (target.kind === 'user')
      return { kind: 'user', userId: yield* users.addressOf(tenant, target.userId) };
    if (target.kind !== 'uid') return target;
    const { uid } = target;
    const conversationId = uid < 0 ? yield* conversations.idOf(tenant, uid) : undefined;
    if (conversationId !== undefined) return { kind: 'conversation', conversationId };
    const userId = yield* users.idOf(tenant, uid);
    if (userId !== undefined) return { kind: 'user', userId };
    throw new DomainError('ENOENT', `nobody has the uid ${uid}`, { field: 'target' });
  }

  *#target(tenant: number, message: NamedMessage): Op<Destination> {
    const { target } = message;
    if (target.kind === 'user') return { conversation: yield* this.#single(tenant, message, target.userId) };
    if (target.kind === 'desk') return yield* this.#desk(tenant, message, target);
    const isService = target.kind === 'service';
    const id = isService ? target.sessionId : target.conversationId;
    const conversation = yield* this.#conversation(tenant, id);
    if (conversation && (!isService || conversation.kind === 'service')) return { conversation };
    if (isService) throw new DomainError('ENOENT', `no service session ${id}`, { field: 'sessionId' });
    throw new DomainError('ENOENT', `no conversation ${id}`, { field: 'target' });
  }

  *#desk(
    tenant: number,
    { tenant: tenantId, senderId, createdAt }: NamedMessage,
    { newId, skill, node }: Extract<NamedTarget, { kind: 'desk' }>,
  ): Op<Destination> {
    const { users, services } = this.#deps;
    const open = yield* services.findOpen(tenant, senderId);
    const known = open === undefined ? undefined : yield* this.#conversation(tenant, open);
    if (known) return { conversation: known };
    if (!(yield* users.exists(tenant, senderId))) throw new DomainError('EPERM', 'the sender is no user');
    const row = yield* services.open(tenant, {
      id: newId,
      customerId: senderId,
      skill,
      node: node ?? null,
      at: createdAt,
    });
    const opened = toService(tenantId, yield* services.require(tenantId, newId));
    return { conversation: this.#remember(row), joined: [{ userId: senderId, role: 'member' }], opened };
  }

  *#single(tenant: number, message: NamedMessage, peerId: string): Op<ConversationRow> {
    const { users, conversations } = this.#deps;
    const { senderId, createdAt } = message;
    const id = yield* this.#singleId(tenant, message, peerId);
    const participants = [...new Set([senderId, peerId])];
    const existing = yield* this.#conversation(tenant, id);
    if (existing?.member_count === participants.length) return existing;
    if (!(yield* users.exists(tenant, senderId))) throw new DomainError('EPERM', 'the sender is no user');
    for (const userId of participants) {
      if (!(yield* users.exists(tenant, userId)))
        throw new DomainError('ENOENT', `no user ${userId}`, { field: 'target' });
    }
    const members = participants.map((userId) => ({ userId, role: 'member' as const }));
    const conversation = { id, name: '', members, createdAt };
    return existing ?? this.#remember(yield* conversations.create(tenant, 'single', conversation));
  }

  /** Of persons: with one who was deleted and made again under its id, the chat is another. */
  *#singleId(tenant: number, { person }: NamedMessage, peerId: string): Op<string> {
    return singleConversationId(person, (yield* this.#parties.identity(tenant, peerId)).person);
  }

  *#goesTo(tenant: number, { cid, kind }: RepeatRow, message: NamedMessage): Op<boolean> {
    const { target } = message;
    switch (target.kind) {
      case 'user':
        return cid === (yield* this.#singleId(tenant, message, target.userId));
      case 'conversation':
        return cid === target.conversationId;
      case 'service':
        return cid === target.sessionId;
      case 'desk':
        // The session that it opened, or was in, may be closed by now.
        return kind === 'service';
    }
  }

  *#conversation(tenant: number, id: string): Op<ConversationRow | undefined> {
    const cached = this.#cache.get(`${tenant}/${id}`);
    if (cached) return cached;
    const row = yield* this.#deps.conversations.row(tenant, id);
    return row && this.#remember(row);
  }

  #remember(row: ConversationRow): ConversationRow {
    const cached = { ...row };
    this.#cache.set(`${row.tenant}/${row.id}`, cached);
    return cached;
  }

  *#row(conversation: number, seq: number): Op<MessageRow | undefined> {
    return yield* get<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq = ?`,
      conversation,
      seq,
    );
  }
}

type NamedTarget = Exclude<MessageTarget, { kind: 'uid' }>;

interface NamedMessage extends NewMessage {
  readonly target: NamedTarget;
  /** Of its sender. */
  readonly person: string;
}

interface Destination {
  readonly conversation: ConversationRow;
  /** Where it was made just now. */
  readonly joined?: readonly NewMember[];
  readonly opened?: ServiceSession;
}

interface ViewRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationRow['kind'];
  viewer_role: MemberRole | null;
  in_sight: 0 | 1;
  is_hidden: 0 | 1;
}

interface RepeatRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationRow['kind'];
  member_count: number;
}

/** Whether the member `v` is one and may see the message. */
const IN_SIGHT = `(v.user_id IS NOT NULL AND ${inSight('m')})`;

const NO_FILES: readonly number[] = [];

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

/** EAUTH where the id is another person's than that of whom it was taken from. */
export function requireSamePerson(identity: Identity, generation: number | undefined): void {
  if (generation === undefined || identity.generation === generation) return;
  throw new DomainError('EAUTH', 'the user was deleted');
}
