import type { MessageState } from '../../core/model.ts';
import type { ChangedMessage, MessageChange } from '../../core/ports/store.ts';
import { noMessageToChange, requireChangeable } from '../../core/rules/message-change.ts';
import type { ServiceTable } from './desk-sessions.ts';
import type { FileTable } from './files.ts';
import {
  contentColumns,
  contentDigest,
  MESSAGE_COLUMNS,
  MESSAGE_TABLE,
  type MessageRow,
  toMessage,
} from './message-row.ts';
import { unseenBy } from './sight.ts';
import { get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { WriteCaches } from './write-caches.ts';

const FIND = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq = ?`;

export interface MessageChangesDeps {
  readonly tenants: Tenants;
  readonly services: ServiceTable;
  readonly files: FileTable;
  readonly caches: WriteCaches;
}

/** SQL that changes stored messages. */
export class MessageChanges {
  readonly #deps: MessageChangesDeps;

  constructor(deps: MessageChangesDeps) {
    this.#deps = deps;
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
    yield* this.#deps.caches.inserts.flush();
    const conversation = yield* this.#deps.caches.conversations.find(key, conversationId);
    const row = conversation && (yield* this.#row(conversation.pk, seq));
    if (!conversation || !row) throw noMessageToChange();
    if (conversation.kind === 'service' && !afterClosing) {
      yield* this.#deps.services.requireNotClosed(conversation.pk);
    }
    requireChangeable(row.state as MessageState, state);
    const sides = yield* this.#deps.caches.parties.of(key, conversation, row.sender);
    const held = files ? yield* this.#deps.files.requireLinkable(key, sides.senderId, files) : [];
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
    this.#deps.caches.conversations.moved(conversation);
    yield* this.#deps.caches.positions.coverRevisions(conversation.pk, actorId, [
      { from: revision, to: revision },
    ]);
    yield* this.#deps.files.relink(held, { conversation: conversation.pk, seq }, at);
    const message = toMessage(tenant, conversation, changed, sides);
    return { message, unseenBy: yield* unseenBy(conversation.pk, seq) };
  }

  *#row(conversation: number, seq: number): Op<MessageRow | undefined> {
    return yield* get<MessageRow>(FIND, conversation, seq);
  }
}
