import { DomainError } from '../../core/errors.ts';
import type { StoredFile, Timestamp } from '../../core/model.ts';
import type { FileFacts, FileLook, FileMention, NewFile, Picture } from '../../core/ports/file-store.ts';
import type { Statements } from './database.ts';
import { inSight } from './sight.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface FileRow {
  pk: number;
  id: string;
  owner: string;
  name: string;
  type: string;
  size: number;
  sha256: string;
  extension: string;
  format: string | null;
  width: number | null;
  height: number | null;
  created_at: number;
}

/** Of a user or a conversation. */
interface PictureRow {
  picture: number | null;
}

/** Place of a message. */
export interface MessagePlace {
  readonly conversation: number;
  readonly seq: number;
}

const COLUMNS =
  'f.pk, f.id, f.owner, f.name, f.type, f.size, f.sha256, f.extension, f.format, f.width, f.height, f.created_at';
const NOT_HIDDEN =
  'NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = u.conversation AND h.user = ? AND h.seq = u.seq)';
/** What a user is shown with, everybody of its tenant may see. */
const SHOWS_USER = 'EXISTS (SELECT 1 FROM user p WHERE p.picture = f.pk)';
/** Takes the viewer's id three times. */
const HELD_FOR_MEMBER = `${SHOWS_USER} OR EXISTS (SELECT 1 FROM conversation g
    JOIN member v ON v.conversation = g.pk AND v.user = ? WHERE g.picture = f.pk) OR EXISTS (SELECT 1 FROM file_use u
    JOIN member v ON v.conversation = u.conversation AND v.user = ? JOIN conversation c ON c.pk = u.conversation
    WHERE u.file = f.pk AND ${inSight('u')} AND ${NOT_HIDDEN})`;
/** Takes the viewer's id. */
const HELD_FOR_MANAGER = `${SHOWS_USER} OR EXISTS (SELECT 1 FROM conversation g WHERE g.picture = f.pk) OR EXISTS (SELECT 1 FROM file_use u WHERE u.file = f.pk AND ${NOT_HIDDEN})`;

/** Whether anything holds the `file` of the statement around it. */
export const IS_HELD = `(EXISTS (SELECT 1 FROM file_use WHERE file = file.pk)
    OR EXISTS (SELECT 1 FROM user WHERE picture = file.pk) OR EXISTS (SELECT 1 FROM conversation WHERE picture = file.pk))`;

/** SQL of the file store. Runs inside the worker thread, writes inside its transaction. */
export class FileTable {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
  }

  reserve({ tenant, id, ownerId, ownerGeneration, createdAt }: NewFile): void {
    const key = this.#tenants.ensure(tenant);
    this.#users.requireSame(key, ownerId, ownerGeneration);
    this.#sql
      .get('INSERT INTO file (id, tenant, owner, created_at, unused_since) VALUES (?, ?, ?, ?, ?)')
      .run(id, key, ownerId, createdAt, createdAt);
  }

  complete(tenant: string, id: string, facts: FileFacts): void {
    const { name, type, size, sha256, extension, format = null, width = null, height = null } = facts;
    const { changes } = this.#sql
      .get(
        `UPDATE file SET state = 'stored', name = ?, type = ?, size = ?, sha256 = ?, extension = ?, format = ?, width = ?,
           height = ? WHERE id = ? AND tenant = ? AND state = 'reserved'`,
      )
      .run(name, type, size, sha256, extension, format, width, height, id, this.#tenants.ensure(tenant));
    if (changes === 0) throw new DomainError('ENOENT', 'the upload took too long', { field: 'id' });
  }

  find({ tenant, id, viewerId, isManager }: FileLook): StoredFile | undefined {
    const key = this.#tenants.find(tenant);
    const row = key === undefined ? undefined : this.#visible(key, id, viewerId, isManager);
    return row && toFile(tenant, row);
  }

  /**
   * The files that a message of this sender may hold. ENOENT where one is none of this server's, or none that the sender
   * uploaded or may see as a member.
   */
  requireLinkable(tenant: number, senderId: string, mentions: readonly FileMention[]): number[] {
    return mentions.flatMap(({ id, field, isOurs }) => {
      const row = this.#visible(tenant, id, senderId, false);
      if (row) return [row.pk];
      if (!isOurs && !this.#exists(tenant, id)) return [];
      throw new DomainError('ENOENT', `no file ${id}, which content names at ${field}`, { field: 'content' });
    });
  }

  /** Lets a message hold these files. */
  link(files: readonly number[], { conversation, seq }: MessagePlace): void {
    const use = this.#sql.get('INSERT OR IGNORE INTO file_use (file, conversation, seq) VALUES (?, ?, ?)');
    for (const file of files) {
      use.run(file, conversation, seq);
      this.#markHeld(file);
    }
  }

  /** The file that a picture is to be; null where it is none of this server's. ENOENT where whoever chose it may not see it. */
  requirePicture(tenant: number, picture: Picture | undefined): number | null {
    if (!picture?.file) return null;
    const { file, by } = picture;
    const row = this.#visible(tenant, file.id, by.userId, by.isManager);
    if (row) return row.pk;
    if (!file.isOurs && !this.#exists(tenant, file.id)) return null;
    throw new DomainError('ENOENT', `no file ${file.id}, which ${file.field} names`, { field: file.field });
  }

  /** Lets a user hold this file as its picture and no other. */
  showUser(tenant: number, userId: string, file: number | null, at: Timestamp): void {
    const old = this.#sql.get('SELECT picture FROM user WHERE tenant = ? AND id = ?').get(tenant, userId);
    this.#sql.get('UPDATE user SET picture = ? WHERE tenant = ? AND id = ?').run(file, tenant, userId);
    this.#changePicture(old as unknown as PictureRow, file, at);
  }

  /** Lets a group hold this file as its picture and no other. */
  showGroup(conversation: number, file: number | null, at: Timestamp): void {
    const old = this.#sql.get('SELECT picture FROM conversation WHERE pk = ?').get(conversation);
    this.#sql.get('UPDATE conversation SET picture = ? WHERE pk = ?').run(file, conversation);
    this.#changePicture(old as unknown as PictureRow, file, at);
  }

  /** The files that a message holds. */
  heldBy({ conversation, seq }: MessagePlace): number[] {
    const rows = this.#sql
      .get('SELECT file FROM file_use WHERE conversation = ? AND seq = ?')
      .all(conversation, seq) as unknown as { file: number }[];
    return rows.map(({ file }) => file);
  }

  /** Lets a message hold these files and no others. */
  relink(files: readonly number[], place: MessagePlace, at: Timestamp): void {
    const dropped = this.heldBy(place).filter((file) => !files.includes(file));
    const end = this.#sql.get('DELETE FROM file_use WHERE file = ? AND conversation = ? AND seq = ?');
    for (const file of dropped) {
      end.run(file, place.conversation, place.seq);
      this.#markLeft(file, at);
    }
    this.link(files, place);
  }

  takeUnused(before: Timestamp, limit: number): string[] {
    const rows = this.#sql
      .get('SELECT pk, id FROM file WHERE unused_since <= ? ORDER BY unused_since LIMIT ?')
      .all(before, limit) as unknown as { pk: number; id: string }[];
    const mark = this.#sql.get("UPDATE file SET state = 'unused' WHERE pk = ?");
    for (const { pk } of rows) mark.run(pk);
    return rows.map(({ id }) => id);
  }

  drop(ids: readonly string[]): void {
    const remove = this.#sql.get('DELETE FROM file WHERE id = ? AND unused_since IS NOT NULL');
    for (const id of ids) remove.run(id);
  }

  /** Who gets the id of a deleted user does not get its files. */
  forgetOwner(tenant: string, userId: string): void {
    this.#sql
      .get("UPDATE file SET owner = '' WHERE tenant = ? AND owner = ?")
      .run(this.#tenants.ensure(tenant), userId);
  }

  #changePicture(old: PictureRow, file: number | null, at: Timestamp): void {
    if (file !== null) this.#markHeld(file);
    if (old.picture !== null) this.#markLeft(old.picture, at);
  }

  #markHeld(file: number): void {
    this.#sql.get('UPDATE file SET unused_since = NULL WHERE pk = ?').run(file);
  }

  /** To be called when something has let go of a file. */
  #markLeft(file: number, at: Timestamp): void {
    this.#sql.get(`UPDATE file SET unused_since = ? WHERE pk = ? AND NOT ${IS_HELD}`).run(at, file);
  }

  #visible(tenant: number, id: string, viewerId: string, isManager: boolean): FileRow | undefined {
    const held = isManager ? HELD_FOR_MANAGER : HELD_FOR_MEMBER;
    const viewer = isManager ? [viewerId] : [viewerId, viewerId, viewerId];
    return this.#sql
      .get(
        `SELECT ${COLUMNS} FROM file f WHERE f.id = ? AND f.tenant = ? AND f.state = 'stored' AND (f.owner = ? OR ${held})`,
      )
      .get(id, tenant, viewerId, ...viewer) as FileRow | undefined;
  }

  #exists(tenant: number, id: string): boolean {
    return this.#sql.get('SELECT 1 FROM file WHERE id = ? AND tenant = ?').get(id, tenant) !== undefined;
  }
}

function toFile(tenant: string, row: FileRow): StoredFile {
  const { id, owner, name, type, size, sha256, extension, format, width, height, created_at } = row;
  return {
    tenant,
    id,
    ownerId: owner,
    name,
    type,
    size,
    sha256,
    extension,
    ...(format === null ? {} : { format }),
    ...(width === null ? {} : { width }),
    ...(height === null ? {} : { height }),
    createdAt: created_at,
  };
}
