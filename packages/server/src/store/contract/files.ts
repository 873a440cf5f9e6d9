import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../core/model.ts';
import type { FileFacts, FileMention, Picture } from '../../core/ports/file-store.ts';
import type { MessageChange, MessageTarget } from '../../core/ports/store.ts';
import { newMessage, newUser, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** Files, who sees them, and which are unused. */
export function filesContract({ store, tenantWith, makeGroup }: StoreFixture): void {
  let nextFile = 0;

  /** A file whose bytes have come. */
  async function upload(tenant: string, ownerId: string, createdAt = LATE): Promise<string> {
    const id = `file${nextFile++}`;
    await store.reserveFile({ tenant, id, ownerId, createdAt });
    await store.completeFile(tenant, id, FACTS);
    return id;
  }

  async function sees(tenant: string, viewerId: string, id: string, isManager = false): Promise<boolean> {
    return (await store.findFile({ tenant, id, viewerId, isManager })) !== undefined;
  }

  async function sendFiles(tenant: string, senderId: string, target: MessageTarget, ...ids: string[]) {
    const message = newMessage(tenant, senderId, target, ids.join());
    return (await store.appendMessage({ ...message, files: ids.map(mention) })).message;
  }

  test('a file is seen by nobody before its bytes are there, and then by its uploader alone', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const file = { tenant, id: 'early', ownerId: 'alice', createdAt: LATE };
    await store.reserveFile(file);
    assert.equal(await sees(tenant, 'alice', 'early'), false);
    await store.completeFile(tenant, 'early', { ...FACTS, format: 'PNG', width: 3, height: 2 });
    assert.deepEqual(await store.findFile({ tenant, id: 'early', viewerId: 'alice', isManager: false }), {
      ...file,
      ...FACTS,
      format: 'PNG',
      width: 3,
      height: 2,
    });
    assert.equal(await sees(tenant, 'bob', 'early'), false);
    assert.equal(await sees(tenant, 'boss', 'early', true), false);
    assert.equal(await sees(await tenantWith('alice'), 'alice', 'early'), false);
  });

  test('who may see a message sees the file that it holds, until it is recalled', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const id = await upload(tenant, 'alice');
    const message = await sendFiles(tenant, 'alice', toUser('bob'), id);
    assert.equal(await sees(tenant, 'bob', id), true);
    assert.equal(await sees(tenant, 'boss', id, true), true);
    assert.equal(await sees(tenant, 'carol', id), false);
    await store.hideMessage(tenant, message.conversationId, message.seq, 'bob');
    assert.equal(await sees(tenant, 'bob', id), false);
    const again = await sendFiles(tenant, 'alice', toUser('bob'), id);
    assert.equal(await sees(tenant, 'bob', id), true);
    await store.changeMessage(recallLate(again));
    await store.changeMessage(recallLate(message));
    assert.equal(await sees(tenant, 'bob', id), false);
    assert.equal(await sees(tenant, 'boss', id, true), false);
    assert.equal(await sees(tenant, 'alice', id), true);
  });

  test('members see the files of their group, those who left do not', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const id = await upload(tenant, 'alice');
    await sendFiles(tenant, 'alice', toGroup('team'), id);
    assert.deepEqual([await sees(tenant, 'bob', id), await sees(tenant, 'carol', id)], [true, false]);
    await store.removeMember({ tenant, conversationId: 'team', userId: 'bob' });
    assert.equal(await sees(tenant, 'bob', id), false);
  });

  test('only a file that the sender may see can be sent, and what is refused stores nothing', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const other = await tenantWith('alice');
    const id = await upload(tenant, 'alice');
    const refused = { code: 'ENOENT', field: 'content' };
    await assert.rejects(sendFiles(tenant, 'bob', toUser('carol'), id), refused);
    await assert.rejects(sendFiles(other, 'alice', toUser('alice'), id), refused);
    await assert.rejects(sendFiles(tenant, 'alice', toUser('bob'), id, 'nothing'), refused);
    assert.equal(await store.findConversation(tenant, 'single:alice:bob'), undefined);
    const message = await sendFiles(tenant, 'alice', toUser('bob'), id);
    assert.equal(message.seq, 1);
    await sendFiles(tenant, 'bob', toUser('carol'), id);
    assert.equal(await sees(tenant, 'carol', id), true);
  });

  test('an address with a host may be of another server, and is checked where it is of this one', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const id = await upload(tenant, 'alice');
    const send = (file: string) =>
      store.appendMessage({
        ...newMessage(tenant, 'bob', toUser('alice'), file),
        files: [{ ...mention(file), isOurs: false }],
      });
    assert.equal((await send('elsewhere')).message.seq, 1);
    await assert.rejects(send(id), { code: 'ENOENT', field: 'content' });
  });

  test('a repeat is known as one though its file can not be sent any more', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const id = await upload(tenant, 'alice');
    const first = { ...newMessage(tenant, 'alice', toUser('bob'), 'x'), files: [mention(id)] };
    const { message } = await store.appendMessage(first);
    await store.changeMessage(recallLate(message));
    assert.ok((await store.takeUnusedFiles(LATE, 1000)).includes(id));
    assert.equal((await store.appendMessage({ ...first, id: 'again' })).duplicate, true);
  });

  test('a forward holds what its original holds, also after that was recalled', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const id = await upload(tenant, 'alice');
    const original = await sendFiles(tenant, 'alice', toUser('bob'), id);
    const reference = { kind: 'forward', ref: original.id, reason: '' } as const;
    await store.appendMessage({ ...newMessage(tenant, 'bob', toUser('carol'), ''), reference });
    await store.changeMessage(recallLate(original));
    assert.deepEqual([await sees(tenant, 'carol', id), await sees(tenant, 'bob', id)], [true, true]);
  });

  test('an edit holds what it points at now, and may bring only what its sender sees', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const [before, now, foreign] = [
      await upload(tenant, 'alice'),
      await upload(tenant, 'alice'),
      await upload(tenant, 'bob'),
    ];
    const message = await sendFiles(tenant, 'alice', toUser('bob'), before);
    const edit = (...ids: string[]) =>
      store.changeMessage({
        ...recallLate(message),
        state: 'edited',
        content: message.content,
        files: ids.map(mention),
      });
    await assert.rejects(edit(foreign), { code: 'ENOENT', field: 'content' });
    assert.equal(await sees(tenant, 'bob', before), true);
    await edit(before, now);
    assert.deepEqual([await sees(tenant, 'bob', before), await sees(tenant, 'bob', now)], [true, true]);
    await edit(now);
    assert.deepEqual([await sees(tenant, 'bob', before), await sees(tenant, 'bob', now)], [false, true]);
  });

  test('what no message holds is taken after a while, the longest unused first, until it is dropped', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const held = await upload(tenant, 'alice', 20);
    const message = await sendFiles(tenant, 'alice', toUser('bob'), held);
    const unused = await upload(tenant, 'alice', 20);
    await store.reserveFile({ tenant, id: 'broken', ownerId: 'alice', createdAt: 21 });
    assert.deepEqual(await store.takeUnusedFiles(19, 10), []);
    assert.deepEqual(await store.takeUnusedFiles(21, 1), [unused]);
    assert.equal(await sees(tenant, 'alice', unused), false);
    await assert.rejects(sendFiles(tenant, 'alice', toUser('bob'), unused), { code: 'ENOENT' });
    assert.deepEqual(await store.takeUnusedFiles(21, 10), [unused, 'broken']);
    await assert.rejects(store.completeFile(tenant, 'broken', FACTS), { code: 'ENOENT', field: 'id' });
    await store.dropFiles([unused, 'broken', held]);
    assert.deepEqual(await store.takeUnusedFiles(21, 10), []);
    assert.equal(await sees(tenant, 'bob', held), true);
    await store.changeMessage({ ...recall(message), at: 25 });
    assert.deepEqual(await store.takeUnusedFiles(24, 10), []);
    assert.deepEqual(await store.takeUnusedFiles(25, 10), [held]);
    await store.dropFiles([held]);
  });

  test('everybody of the tenant sees the picture of a user, until it has another one or is deleted', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const [first, second] = [await upload(tenant, 'alice', 20), await upload(tenant, 'alice', 20)];
    await store.updateUser(tenant, 'alice', { picture: picture('alice', first, 21) });
    assert.equal(await sees(tenant, 'bob', first), true);
    assert.equal(await sees(await tenantWith('bob'), 'bob', first), false);
    await store.updateUser(tenant, 'alice', { picture: picture('alice', second, 30) });
    assert.deepEqual([await sees(tenant, 'bob', first), await sees(tenant, 'bob', second)], [false, true]);
    assert.deepEqual(await store.takeUnusedFiles(29, 10), []);
    assert.deepEqual(await store.takeUnusedFiles(30, 10), [first]);
    await store.dropFiles([first]);
    await store.updateUser(tenant, 'alice', { nickname: 'Ali', picture: picture('alice', second, 31) });
    assert.equal(await sees(tenant, 'bob', second), true);
    await store.deleteUser(tenant, 'alice', 40);
    assert.equal(await sees(tenant, 'bob', second), false);
    assert.deepEqual(await store.takeUnusedFiles(39, 10), []);
    assert.deepEqual(await store.takeUnusedFiles(40, 10), [second]);
    await store.dropFiles([second]);
  });

  test('members see the picture of their group, and managers do, until it has another one or is dissolved', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const [first, second] = [await upload(tenant, 'alice', 20), await upload(tenant, 'alice', 20)];
    const members = [
      { userId: 'alice', role: 'owner' as const },
      { userId: 'bob', role: 'member' as const },
    ];
    const group = { tenant, id: 'team', name: 'Team', members, createdAt: 21 };
    await store.createGroup({ ...group, picture: picture('alice', first, 21) });
    assert.deepEqual([await sees(tenant, 'bob', first), await sees(tenant, 'carol', first)], [true, false]);
    assert.equal(await sees(tenant, 'boss', first, true), true);
    await store.updateGroup(tenant, 'team', { picture: picture('alice', second, 30) });
    assert.deepEqual([await sees(tenant, 'bob', first), await sees(tenant, 'bob', second)], [false, true]);
    assert.deepEqual(await store.takeUnusedFiles(30, 10), [first]);
    await store.dropFiles([first]);
    await store.deleteGroup(tenant, 'team', 40);
    assert.equal(await sees(tenant, 'bob', second), false);
    assert.deepEqual(await store.takeUnusedFiles(39, 10), []);
    assert.deepEqual(await store.takeUnusedFiles(40, 10), [second]);
    await store.dropFiles([second]);
  });

  test('a file stays while anything holds it: a message, a user or a group', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const id = await upload(tenant, 'alice', 20);
    const message = await sendFiles(tenant, 'alice', toUser('bob'), id);
    await store.updateUser(tenant, 'alice', { picture: picture('alice', id, 21) });
    // Everybody sees it now, and may show himself with it.
    await store.createUser({ ...newUser(tenant, 'carol'), picture: picture('bob', id, 22) });
    await store.changeMessage({ ...recall(message), at: 30 });
    await store.deleteUser(tenant, 'alice', 31);
    assert.deepEqual(await store.takeUnusedFiles(31, 10), []);
    assert.equal(await sees(tenant, 'bob', id), true);
    await store.updateUser(tenant, 'carol', {
      picture: { address: '', by: { userId: 'carol', isManager: false }, at: 32 },
    });
    assert.deepEqual(await store.takeUnusedFiles(32, 10), [id]);
    await store.dropFiles([id]);
  });

  test('only a file that one may see can be a picture, and what is refused changes nothing', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const id = await upload(tenant, 'alice');
    const refused = { code: 'ENOENT', field: 'avatar' };
    const patch = { nickname: 'Bobby', picture: picture('bob', id, LATE) };
    await assert.rejects(store.updateUser(tenant, 'bob', patch), refused);
    assert.notEqual((await store.findUser(tenant, 'bob'))?.nickname, 'Bobby');
    await assert.rejects(
      store.createUser({ ...newUser(tenant, 'dave'), picture: picture('bob', id, LATE) }),
      refused,
    );
    assert.equal(await store.findUser(tenant, 'dave'), undefined);
    const members = [{ userId: 'bob', role: 'owner' as const }];
    const group = { tenant, id: 'bobs', name: '', members, createdAt: LATE };
    await assert.rejects(store.createGroup({ ...group, picture: picture('bob', id, LATE) }), refused);
    await store.createGroup(group);
    const change = { name: 'Bobs', picture: picture('bob', id, LATE) };
    const by = { userId: 'bob', isManager: false };
    await assert.rejects(store.updateGroup(tenant, 'bobs', change, by), refused);
    assert.equal((await store.findConversation(tenant, 'bobs'))?.name, '');
    await assert.rejects(
      store.updateUser(tenant, 'bob', { picture: picture('bob', 'nothing', LATE) }),
      refused,
    );
    const elsewhere = picture('bob', 'elsewhere', LATE, 'https://example.org');
    assert.equal((await store.updateUser(tenant, 'bob', { picture: elsewhere })).avatar, elsewhere.address);
    const ours = picture('bob', id, LATE, 'https://example.org');
    await assert.rejects(store.updateUser(tenant, 'bob', { picture: ours }), refused);
  });

  test('a user of a deleted one’s id does not inherit its files', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const id = await upload(tenant, 'alice');
    await sendFiles(tenant, 'alice', toUser('bob'), id);
    const unsent = await upload(tenant, 'alice');
    await store.deleteUser(tenant, 'alice', 2);
    await store.createUser(newUser(tenant, 'alice'));
    assert.deepEqual([await sees(tenant, 'alice', id), await sees(tenant, 'alice', unsent)], [false, false]);
    assert.equal(await sees(tenant, 'bob', id), true);
  });
}

/** When files are unused that no test takes. */
const LATE = 1000;

const FACTS: FileFacts = { name: 'a.dat', type: 'image/png', size: 5, sha256: 'abc', extension: 'dat' };

function mention(id: string): FileMention {
  return { id, field: 'extra.url', isOurs: true };
}

function picture(userId: string, id: string, at: number, host = ''): Picture {
  const file = { id, field: 'avatar', isOurs: host === '' };
  return { address: `${host}/files/${id}`, file, by: { userId, isManager: false }, at };
}

function recallLate(message: Message): MessageChange {
  return { ...recall(message), at: LATE };
}
