import type { DatabaseSync } from 'node:sqlite';

/** A conversation by chance, one of its messages, and what leads to them: a few pages of each large table. */
const CONVERSATION = `
  SELECT * FROM conversation WHERE pk >= (SELECT abs(random()) % (1 + max(pk)) FROM conversation) LIMIT 1`;
const MESSAGE = `
  SELECT * FROM message WHERE conversation = ? AND seq >= (SELECT abs(random()) % (1 + ?)) LIMIT 1`;
const MEMBER = 'SELECT * FROM member WHERE conversation = ? LIMIT 1';
const BY_ID = 'SELECT seq FROM message INDEXED BY message_id WHERE id = ?';
const BY_CLIENT = `
  SELECT seq FROM message INDEXED BY message_client WHERE tenant = ? AND client_id = ? AND sender = ?`;

/**
 * Reads rows by chance from the file itself, so that a file that is mostly damaged is found to be so although nobody asks
 * for what is. SQLite has no checksums: one page among very many is found by a full check only.
 */
export class PageSample {
  readonly #db: DatabaseSync;

  /** @param db of its own, as the pages that a connection keeps would be read from its memory */
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Takes less than a millisecond where the operating system has the pages. Throws what SQLite throws. */
  read(): void {
    try {
      const conversation = this.#db.prepare(CONVERSATION).get();
      if (!conversation) return;
      const { pk = 0, last_seq = 0 } = conversation;
      this.#db.prepare(MEMBER).get(pk);
      const message = this.#db.prepare(MESSAGE).get(pk, last_seq);
      if (!message) return;
      const { id = '', tenant = 0, client_id = '', sender = '' } = message;
      this.#db.prepare(BY_ID).get(id);
      this.#db.prepare(BY_CLIENT).get(tenant, client_id, sender);
    } finally {
      this.#db.exec('PRAGMA shrink_memory');
    }
  }
}
