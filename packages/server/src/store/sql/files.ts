import type { StoredFile, Timestamp } from '../../core/model.ts';
import type { FileFacts, FileLook, FileMention, NewFile, Picture } from '../../core/ports/file-store.ts';
import {
  type FileSight,
  requireContentFile,
  requirePictureFile,
  requireReserved,
} from '../../core/rules/files.ts';
import { inSight } from './sight.ts';
import { all, get, type Op, run } from './statement.ts';
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
  'NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = u.conversation AND h.user_id = ? AND h.seq = u.seq)';
/** What a user is shown with, everybody of its tenant may see. */
const SHOWS_USER = 'EXISTS (SELECT 1 FROM account p WHERE p.picture = f.pk)';
/** Takes the viewer's id three times. */
const HELD_FOR_MEMBER = `${SHOWS_USER} OR EXISTS (SELECT 1 FROM conversation g
    JOIN member v ON v.conversation = g.pk AND v.user_id = ? WHERE g.picture = f.pk) OR EXISTS (SELECT 1 FROM file_use u
    JOIN member v ON v.conversation = u.conversation AND v.user_id = ? JOIN conversation c ON c.pk = u.conversation
    WHERE u.file = f.pk AND ${inSight('u')} AND ${NOT_HIDDEN})`;
/** Takes the viewer's id. */
const HELD_FOR_MANAGER = `${SHOWS_USER} OR EXISTS (SELECT 1 FROM conversation g WHERE g.picture = f.pk) OR EXISTS (SELECT 1 FROM file_use u WHERE u.file = f.pk AND ${NOT_HIDDEN})`;

/** Whether anything holds the `file` of the statement around it. */
export const IS_HELD = `(EXISTS (SELECT 1 FROM file_use WHERE file = file.pk)
    OR EXISTS (SELECT 1 FROM account WHERE picture = file.pk) OR EXISTS (SELECT 1 FROM conversation WHERE picture = file.pk))`;

/** SQL of the file store. Runs inside the worker thread, writes inside its transaction. */
export class FileTable {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  *reserve({ tenant, id, ownerId, ownerGeneration, createdAt }: NewFile): Op<void> {
    const key = yield* this.#tenants.ensure(tenant);
    yield* this.#users.requireSame(key, ownerId, ownerGeneration);
    yield* run(
      'INSERT INTO file (id, tenant, owner, created_at, unused_since) VALUES (?, ?, ?, ?, ?)',
      id,
      key,
      ownerId,
      createdAt,
      createdAt,
    );
  }

  *complete(tenant: string, id: string, facts: FileFacts): Op<void> {
    const { name, type, size, sha256, extension, format = null, width = null, height = null } = facts;
    const changes = yield* run(
      `UPDATE file SET state = 'stored', name = ?, type = ?, size = ?, sha256 = ?, extension = ?, format = ?, width = ?,
           height = ? WHERE id = ? AND tenant = ? AND state = 'reserved'`,
      name,
      type,
      size,
      sha256,
      extension,
      format,
      width,
      height,
      id,
      yield* this.#tenants.ensure(tenant),
    );
    requireReserved(changes > 0);
  }

  *find({ tenant, id, viewerId, isManager }: FileLook): Op<StoredFile | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const row = yield* get<FileRow>(
      `SELECT ${COLUMNS} FROM file f WHERE f.id = ? AND ${isVisible(isManager)}`,
      id,
      key,
      ...viewers(viewerId, isManager),
    );
    return row && toFile(tenant, row);
  }

  /**
   * The files that a message of this sender may hold. ENOENT where one is none of this server's, or none that the sender
   * uploaded or may see as a member.
   */
  *requireLinkable(tenant: number, senderId: string, mentions: readonly FileMention[]): Op<number[]> {
    const ids = mentions.map(({ id }) => id);
    const visible = yield* this.#hold(tenant, ids, senderId, false);
    const files: number[] = [];
    for (const mention of mentions) {
      const file = visible.get(mention.id);
      requireContentFile(mention, yield* this.#sight(tenant, mention.id, file !== undefined));
      if (file !== undefined) files.push(file);
    }
    return files;
  }

  /** Lets a message hold these files, which nobody else takes or drops meanwhile: they were looked up by this transaction. */
  *link(files: readonly number[], { conversation, seq }: MessagePlace): Op<void> {
    const use = 'INSERT INTO file_use (file, conversation, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    for (const file of files) {
      yield* run(use, file, conversation, seq);
      yield* this.#markHeld(file);
    }
  }

  /** The file that a picture is to be; null where it is none of this server's. ENOENT where whoever chose it may not see it. */
  *requirePicture(tenant: number, picture: Picture | undefined): Op<number | null> {
    if (!picture?.file) return null;
    const { file, by } = picture;
    const visible = yield* this.#hold(tenant, [file.id], by.userId, by.isManager);
    const pk = visible.get(file.id);
    requirePictureFile(file, yield* this.#sight(tenant, file.id, pk !== undefined));
    return pk ?? null;
  }

  /** Lets a user hold this file as its picture and no other. */
  *showUser(tenant: number, userId: string, file: number | null, at: Timestamp): Op<void> {
    const old = yield* get('SELECT picture FROM account WHERE tenant = ? AND id = ?', tenant, userId);
    yield* run('UPDATE account SET picture = ? WHERE tenant = ? AND id = ?', file, tenant, userId);
    yield* this.#changePicture(old as unknown as PictureRow, file, at);
  }

  /** Lets a group hold this file as its picture and no other. */
  *showGroup(conversation: number, file: number | null, at: Timestamp): Op<void> {
    const old = yield* get('SELECT picture FROM conversation WHERE pk = ?', conversation);
    yield* run('UPDATE conversation SET picture = ? WHERE pk = ?', file, conversation);
    yield* this.#changePicture(old as unknown as PictureRow, file, at);
  }

  /** The files that a message holds, which nobody else takes or drops until the transaction ends. */
  *heldBy({ conversation, seq }: MessagePlace): Op<number[]> {
    const rows = yield* all<{ pk: number }>(
      `SELECT f.pk FROM file_use u JOIN file f ON f.pk = u.file
         WHERE u.conversation = ? AND u.seq = ? AND f.state = 'stored' ORDER BY f.pk FOR UPDATE OF f`,
      conversation,
      seq,
    );
    return rows.map(({ pk }) => pk);
  }

  /** Lets a message hold these files and no others. */
  *relink(files: readonly number[], place: MessagePlace, at: Timestamp): Op<void> {
    const dropped = (yield* this.heldBy(place)).filter((file) => !files.includes(file));
    const end = 'DELETE FROM file_use WHERE file = ? AND conversation = ? AND seq = ?';
    for (const file of dropped) {
      yield* run(end, file, place.conversation, place.seq);
      yield* this.#markLeft(file, at);
    }
    yield* this.link(files, place);
  }

  *takeUnused(before: Timestamp, limit: number): Op<string[]> {
    const rows = yield* all<{ pk: number; id: string }>(
      'SELECT pk, id FROM file WHERE unused_since <= ? ORDER BY unused_since LIMIT ? FOR UPDATE SKIP LOCKED',
      before,
      limit,
    );
    const mark = "UPDATE file SET state = 'unused' WHERE pk = ?";
    for (const { pk } of rows) yield* run(mark, pk);
    return rows.map(({ id }) => id);
  }

  *drop(ids: readonly string[]): Op<void> {
    const remove = 'DELETE FROM file WHERE id = ? AND unused_since IS NOT NULL';
    for (const id of ids) yield* run(remove, id);
  }

  /** Who gets the id of a deleted user does not get its files. */
  *forgetOwner(tenant: number, userId: string, limit: number): Op<number> {
    return yield* run(
      "UPDATE file SET owner = '' WHERE pk IN (SELECT pk FROM file WHERE tenant = ? AND owner = ? LIMIT ?)",
      tenant,
      userId,
      limit,
    );
  }

  *#changePicture(old: PictureRow, file: number | null, at: Timestamp): Op<void> {
    if (file !== null) yield* this.#markHeld(file);
    if (old.picture !== null) yield* this.#markLeft(old.picture, at);
  }

  *#markHeld(file: number): Op<void> {
    yield* run('UPDATE file SET unused_since = NULL WHERE pk = ? AND unused_since IS NOT NULL', file);
  }

  /** To be called when something has let go of a file. Of two who do at once the second sees that nobody holds it. */
  *#markLeft(file: number, at: Timestamp): Op<void> {
    yield* get('SELECT pk FROM file WHERE pk = ? FOR UPDATE', file);
    yield* run(`UPDATE file SET unused_since = ? WHERE pk = ? AND NOT ${IS_HELD}`, at, file);
  }

  /**
   * The keys of those of these files that the viewer may see, by their ids. They stay so until the transaction ends: a sweep does not
   * take what is about to be held.
   */
  *#hold(
    tenant: number,
    ids: readonly string[],
    viewerId: string,
    isManager: boolean,
  ): Op<Map<string, number>> {
    const rows = yield* all<Pick<FileRow, 'pk' | 'id'>>(
      `SELECT f.pk, f.id FROM file f WHERE f.id IN TEXTS(?) AND ${isVisible(isManager)} ORDER BY f.pk FOR UPDATE OF f`,
      ids,
      tenant,
      ...viewers(viewerId, isManager),
    );
    return new Map(rows.map(({ pk, id }) => [id, pk]));
  }

  *#sight(tenant: number, id: string, isVisible: boolean): Op<FileSight> {
    if (isVisible) return { isVisible, isKnown: true };
    const known = yield* get('SELECT 1 FROM file WHERE id = ? AND tenant = ?', id, tenant);
    return { isVisible, isKnown: known !== undefined };
  }
}

/** Whether a viewer may see a file `f`: takes the tenant and what `viewers` gives. */
function isVisible(isManager: boolean): string {
  // The plus keeps SQLite from going through a tenant's files for those of a few ids.
  return `+f.tenant = ? AND f.state = 'stored' AND (f.owner = ? OR ${isManager ? HELD_FOR_MANAGER : HELD_FOR_MEMBER})`;
}

function viewers(viewerId: string, isManager: boolean): string[] {
  return isManager ? [viewerId, viewerId] : [viewerId, viewerId, viewerId, viewerId];
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
