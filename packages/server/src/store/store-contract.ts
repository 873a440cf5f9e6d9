import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { singleConversationId } from '../core/conversations.ts';
import type { Message, Notification, NotificationBody, SeqRange } from '../core/model.ts';
import type { OutboxEntry } from '../core/ports/event-store.ts';
import type { FileFacts, FileMention } from '../core/ports/file-store.ts';
import type {
  MessageChange,
  MessageTarget,
  NewMessage,
  NewUser,
  PendingCursor,
  PendingQuery,
  Store,
} from '../core/ports/store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  dispose(): Promise<void>;
}

/** What every adapter of the store port promises. */
export function storeContract(adapter: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${adapter}`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let nextTenant = 0;
    let nextFile = 0;

    before(async () => {
      under = await open();
      store = under.store;
    });
    after(async () => {
      await store.close();
      await under.dispose();
    });

    /** A tenant of its own for each test, with users of these ids. */
    async function tenantWith(...userIds: string[]): Promise<string> {
      const tenant = `tenant${nextTenant++}`;
      for (const id of userIds) await store.createUser(newUser(tenant, id));
      return tenant;
    }

    async function send(
      tenant: string,
      senderId: string,
      target: MessageTarget,
      text: string,
    ): Promise<Message> {
      return (await store.appendMessage(newMessage(tenant, senderId, target, text))).message;
    }

    test('users get the next uid, and an id, uid or username is given once', async () => {
      const tenant = await tenantWith('alice', 'bob');
      assert.equal((await store.findUser(tenant, 'bob'))?.uid, 2);
      await assert.rejects(store.createUser(newUser(tenant, 'alice')), { code: 'ECONFLICT', field: 'id' });
      await assert.rejects(store.createUser({ ...newUser(tenant, 'carol'), username: 'bob' }), {
        code: 'ECONFLICT',
        field: 'username',
      });
      await assert.rejects(store.createUser({ ...newUser(tenant, 'carol'), uid: 1 }), {
        code: 'ECONFLICT',
        field: 'uid',
      });
      assert.equal((await store.createUser({ ...newUser(tenant, 'carol'), uid: 10 })).uid, 10);
      assert.equal((await store.createUser(newUser(tenant, 'dave'))).uid, 11);
    });

    test('a message can be sent to a uid, and a repeat to the user is the same', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const elsewhere = await tenantWith('alice');
      const message = newMessage(tenant, 'alice', { kind: 'uid', uid: 2 }, 'hi');
      const { message: sent } = await store.appendMessage(message);
      assert.deepEqual([sent.targetId, sent.conversationId], ['bob', singleConversationId('alice', 'bob')]);
      assert.equal((await store.appendMessage({ ...message, target: toUser('bob') })).duplicate, true);
      assert.equal((await store.appendMessage(message)).duplicate, true);
      for (const uid of [0, 3, -1, 1.5, Number.MAX_SAFE_INTEGER]) {
        await assert.rejects(send(tenant, 'alice', { kind: 'uid', uid }, 'hi'), {
          code: 'ENOENT',
          field: 'target',
        });
      }
      await assert.rejects(send(elsewhere, 'alice', { kind: 'uid', uid: 2 }, 'hi'), { code: 'ENOENT' });
      await store.deleteUser(tenant, 'bob');
      await assert.rejects(send(tenant, 'alice', { kind: 'uid', uid: 2 }, 'hi'), { code: 'ENOENT' });
    });

    test('messages name their sender and target as they are called now', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const party = (name: string, uid: number, nickname = name) => ({ name, uid, nickname, avatar: '' });
      const alice = party('alice', 1, 'ALICE');
      const bob = party('bob', 2, 'BOB');
      const single = await send(tenant, 'alice', toUser('bob'), 'one');
      const group = await send(tenant, 'alice', toGroup('team'), 'two');
      assert.deepEqual(single.parties, { sender: alice, target: bob });
      assert.deepEqual(group.parties, { sender: alice, target: party('Group team', -1) });
      await store.updateUser(tenant, 'alice', { username: 'Alice', nickname: 'Ali' });
      await store.updateGroup(tenant, 'team', { name: 'Crew' });
      const parties = { sender: party('Alice', 1, 'Ali'), target: party('Crew', -1) };
      const { conversationId } = group;
      const look = { tenant, ref: group.id, viewerId: 'bob', prefer: 'received' as const };
      const page = await store.listPending({ tenant, userId: 'bob', conversationId, limit: 9 });
      for (const message of [
        await send(tenant, 'alice', toGroup('team'), 'three'),
        (await store.findMessage(look))?.message,
        (await store.listMessages({ tenant, conversationId, viewerId: 'bob', limit: 9 }))[0],
        page.messages[0],
        (await pending({ tenant, userId: 'bob', order: 'time' }))[1],
        await store.changeMessage(recall(group)),
      ]) {
        assert.deepEqual(message?.parties, parties);
      }
      await store.deleteUser(tenant, 'bob');
      const own = { tenant, ref: single.id, viewerId: 'alice', prefer: 'own' as const };
      assert.deepEqual((await store.findMessage(own))?.message.parties.target, party('bob', 2, ''));
    });

    test('tenants do not see each other', async () => {
      const one = await tenantWith('alice', 'bob');
      const other = await tenantWith('alice', 'carol');
      await assert.rejects(send(one, 'alice', toUser('carol'), 'hi'), { code: 'ENOENT' });
      const message = await send(one, 'alice', toUser('bob'), 'hi');
      const look = { tenant: other, ref: message.id, viewerId: 'alice', prefer: 'own' as const };
      assert.equal(await store.findMessage(look), undefined);
      assert.equal(await store.findConversation(other, message.conversationId), undefined);
    });

    test('one who is no user can not send', async () => {
      const tenant = await tenantWith('alice');
      await assert.rejects(send(tenant, 'a service', toUser('alice'), 'hi'), { code: 'EPERM' });
    });

    test('users are listed by id, page by page, and found by their credentials', async () => {
      const tenant = await tenantWith('c', 'a', 'b');
      const first = await store.listUsers(tenant, { limit: 2 });
      assert.deepEqual(
        first.map(({ id }) => id),
        ['a', 'b'],
      );
      const rest = await store.listUsers(tenant, { limit: 2, after: 'b' });
      assert.deepEqual(
        rest.map(({ id }) => id),
        ['c'],
      );
      assert.equal((await store.findCredentials(tenant, 'a'))?.passwordHash, 'hash of a');
      assert.equal(await store.findCredentials(tenant, 'nobody'), undefined);
    });

    test('a user can be changed and deleted; a deleted one leaves its groups and is remembered', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      assert.equal((await store.updateUser(tenant, 'bob', { nickname: 'Bobby' })).nickname, 'Bobby');
      await assert.rejects(store.updateUser(tenant, 'bob', { username: 'alice' }), { code: 'ECONFLICT' });
      await assert.rejects(store.updateUser(tenant, 'nobody', {}), { code: 'ENOENT' });
      assert.deepEqual(await store.deleteUser(tenant, 'bob'), ['team']);
      assert.equal(await store.findUser(tenant, 'bob'), undefined);
      assert.equal(await store.isDeletedUser(tenant, 'bob'), true);
      assert.equal(await store.isDeletedUser(tenant, 'alice'), false);
      assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
      await assert.rejects(store.deleteUser(tenant, 'bob'), { code: 'ENOENT' });
      await assert.rejects(send(tenant, 'alice', toUser('bob'), 'hi'), { code: 'ENOENT', field: 'target' });
      await store.createUser(newUser(tenant, 'bob'));
      assert.equal(await store.isDeletedUser(tenant, 'bob'), false);
    });

    test('two users who were parted by a deletion can talk again', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await send(tenant, 'alice', toUser('bob'), 'before');
      await store.deleteUser(tenant, 'bob');
      await assert.rejects(send(tenant, 'alice', toUser('bob'), 'meanwhile'), { code: 'ENOENT' });
      await store.createUser(newUser(tenant, 'bob'));
      assert.equal((await send(tenant, 'alice', toUser('bob'), 'after')).seq, 2);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['after']);
    });

    async function makeGroup(tenant: string, id: string, userIds: string[]): Promise<void> {
      const members = userIds.map((userId, i) => ({
        userId,
        role: i === 0 ? ('owner' as const) : ('member' as const),
      }));
      await store.createGroup({ tenant, id, name: `Group ${id}`, avatar: '', members, createdAt: 1 });
    }

    test('groups can be made, found, changed and deleted', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      await assert.rejects(makeGroup(tenant, 'team', []), { code: 'ECONFLICT', field: 'id' });
      await assert.rejects(makeGroup(tenant, 'other', ['nobody']), { code: 'ENOENT', field: 'members' });
      assert.equal(await store.findConversation(tenant, 'other'), undefined);
      assert.equal((await store.updateGroup(tenant, 'team', { name: 'New' })).name, 'New');
      assert.deepEqual(
        (await store.listGroups(tenant, { limit: 9 }, 'bob')).map(({ id }) => id),
        ['team'],
      );
      assert.deepEqual(await store.listGroups(tenant, { limit: 9 }, 'carol'), []);
      assert.deepEqual(await store.deleteGroup(tenant, 'team'), ['alice', 'bob']);
      await assert.rejects(store.updateGroup(tenant, 'team', {}), { code: 'ENOENT' });
      assert.deepEqual(await store.listGroups(tenant, { limit: 9 }), []);
      await makeGroup(tenant, 'team', ['carol']);
      assert.equal((await store.findConversation(tenant, 'team'))?.lastSeq, 0);
    });

    test('peers are those of single chats and of groups that are not too large, each once', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol', 'dave', 'erin');
      await makeGroup(tenant, 'team', ['alice', 'bob', 'carol']);
      await makeGroup(tenant, 'crowd', ['alice', 'bob', 'carol', 'dave']);
      for (const peer of ['bob', 'erin', 'alice']) await send(tenant, 'alice', toUser(peer), 'hi');
      const peersOf = async (userId: string, limit = 9) =>
        (await store.listPeers({ tenant, userId, maxMembers: 3, limit })).toSorted();
      assert.deepEqual(await peersOf('alice'), ['bob', 'carol', 'erin']);
      assert.deepEqual(await peersOf('dave'), []);
      assert.equal((await peersOf('alice', 2)).length, 2);
      await store.removeMember(tenant, 'team', 'alice');
      assert.deepEqual(await peersOf('alice'), ['bob', 'erin']);
      assert.deepEqual(
        await store.listPeers({ tenant: 'nowhere', userId: 'x', maxMembers: 9, limit: 9 }),
        [],
      );
    });

    test('members come and go, and each is counted once', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      await makeGroup(tenant, 'team', ['alice']);
      const members = ['alice', 'bob'].map((userId) => ({ userId, role: 'member' as const }));
      const team = { tenant, conversationId: 'team', maxMembers: 2, at: 5 };
      assert.deepEqual(await store.addMembers({ ...team, members }), ['bob']);
      assert.deepEqual(await store.addMembers({ ...team, members }), []);
      const nobody = [{ userId: 'nobody', role: 'member' as const }];
      await assert.rejects(store.addMembers({ ...team, members: nobody }), {
        code: 'ENOENT',
        field: 'userId',
      });
      const carol = [...members, { userId: 'carol', role: 'member' as const }];
      await assert.rejects(store.addMembers({ ...team, members: carol }), {
        code: 'ETOOLONG',
        field: 'members',
        limit: 2,
      });
      assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 2);
      assert.equal((await store.setMemberRole(tenant, 'team', 'bob', 'admin')).role, 'admin');
      assert.deepEqual(
        (await store.listMembers(tenant, 'team', { limit: 9 })).map(({ userId }) => userId),
        ['alice', 'bob'],
      );
      assert.deepEqual(await store.listMemberships(tenant, 'bob'), [
        { conversationId: 'team', kind: 'group', role: 'admin' },
      ]);
      await store.removeMember(tenant, 'team', 'bob');
      await assert.rejects(store.removeMember(tenant, 'team', 'bob'), { code: 'ENOENT', field: 'userId' });
      assert.equal(await store.findMember(tenant, 'team', 'bob'), undefined);
      await assert.rejects(send(tenant, 'bob', toGroup('team'), 'hi'), { code: 'EPERM' });
    });

    test('a member named twice is one', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const [alice, bob] = ['alice', 'bob'].map((userId) => ({ userId, role: 'member' as const }));
      assert.ok(alice && bob);
      const group = { tenant, id: 'team', name: '', avatar: '', members: [alice, alice], createdAt: 1 };
      assert.equal((await store.createGroup(group)).memberCount, 1);
      const addition = { tenant, conversationId: 'team', members: [bob, bob], maxMembers: 2, at: 5 };
      assert.deepEqual(await store.addMembers(addition), ['bob']);
      assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 2);
    });

    const newRoom = (tenant: string, id: string) => ({
      tenant,
      id,
      name: `Room ${id}`,
      description: 'of tests',
      isOpen: true,
      owner: null,
      createdAt: 1,
    });
    const PROFILE = { name: '张三', number: 'XS1', nickname: '老三', avatar: '/h.jpg' };

    test('rooms can be made, found, listed, changed and deleted, and are no groups', async () => {
      const tenant = await tenantWith('alice');
      const guest = { id: 'guest:g', profile: PROFILE };
      const made = await store.createRoom({ ...newRoom(tenant, 'b'), owner: guest });
      assert.deepEqual(made, await store.findRoom(tenant, 'b'));
      const { kind, description, isOpen, owner, memberCount } = made;
      assert.deepEqual([kind, description, isOpen, owner, memberCount], ['room', 'of tests', true, guest, 0]);
      await assert.rejects(store.createRoom(newRoom(tenant, 'b')), { code: 'ECONFLICT', field: 'id' });
      const nobodys = { ...newRoom(tenant, 'c'), owner: { ...guest, id: 'nobody' } };
      await assert.rejects(store.createRoom(nobodys), { code: 'ENOENT', field: 'ownerId' });
      await store.createRoom(newRoom(tenant, 'a'));
      const ids = async (page: { after?: string; limit: number }) =>
        (await store.listRooms(tenant, page)).map(({ id }) => id);
      assert.deepEqual(
        [await ids({ limit: 9 }), await ids({ limit: 1 }), await ids({ after: 'a', limit: 9 })],
        [['a', 'b'], ['a'], ['b']],
      );
      assert.deepEqual(await store.listGroups(tenant, { limit: 9 }), []);
      await assert.rejects(store.deleteGroup(tenant, 'a'), { code: 'ENOENT' });

      const changed = await store.updateRoom(tenant, 'b', { name: 'New', isOpen: false, ownerId: 'alice' });
      assert.deepEqual([changed.name, changed.description, changed.isOpen], ['New', 'of tests', false]);
      assert.deepEqual([changed.owner?.id, changed.owner?.profile.nickname], ['alice', 'ALICE']);
      assert.equal((await store.updateRoom(tenant, 'b', { ownerId: null })).owner, null);
      await assert.rejects(store.updateRoom(tenant, 'b', { ownerId: 'x' }), {
        code: 'ENOENT',
        field: 'ownerId',
      });
      await assert.rejects(store.updateRoom(tenant, 'nowhere', {}), { code: 'ENOENT' });
      assert.deepEqual(await store.deleteRoom(tenant, 'b'), []);
      assert.equal(await store.findRoom(tenant, 'b'), undefined);
      await assert.rejects(store.deleteRoom(tenant, 'b'), { code: 'ENOENT' });
      assert.equal((await store.createRoom(newRoom(tenant, 'b'))).owner, null);
    });

    test('a group can be seen as a room: closed, and its owner owns it', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const room = await store.findRoom(tenant, 'team');
      assert.deepEqual([room?.kind, room?.isOpen, room?.owner?.id], ['group', false, 'alice']);
      const { message } = await store.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'hi'));
      assert.equal(await store.findRoom(tenant, message.conversationId), undefined);
    });

    test('users come into rooms and leave them; each sees what is sent while it is in', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await store.createRoom({ ...newRoom(tenant, 'r'), owner: { id: 'alice', profile: PROFILE } });
      const enter = (userId: string, roomId = 'r') => store.enterRoom({ tenant, roomId, userId, at: 7 });
      await enter('alice');
      await send(tenant, 'alice', toGroup('r'), 'before');
      await enter('bob');
      await enter('bob');
      await send(tenant, 'alice', toGroup('r'), 'after');
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['after']);
      const members = await store.listMembers(tenant, 'r', { limit: 9 });
      assert.deepEqual(
        members.map(({ userId, role }) => [userId, role]),
        [
          ['alice', 'owner'],
          ['bob', 'member'],
        ],
      );
      assert.deepEqual(await store.listMemberships(tenant, 'bob'), [
        { conversationId: 'r', kind: 'room', role: 'member' },
      ]);
      await store.leaveRoom(tenant, 'r', 'bob');
      await store.leaveRoom(tenant, 'r', 'bob');
      await store.leaveRoom(tenant, 'nowhere', 'bob');
      assert.equal((await store.findRoom(tenant, 'r'))?.memberCount, 1);
      await assert.rejects(send(tenant, 'bob', toGroup('r'), 'no'), { code: 'EPERM' });
      await assert.rejects(enter('nobody'), { code: 'ENOENT' });
      await assert.rejects(enter('bob', 'nowhere'), { code: 'ENOENT' });
      await makeGroup(tenant, 'team', ['alice']);
      await assert.rejects(enter('bob', 'team'), { code: 'ENOENT' });
      await store.leaveRoom(tenant, 'team', 'alice');
      assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
      await store.emptyRooms();
      assert.equal((await store.findRoom(tenant, 'r'))?.memberCount, 0);
      assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
      await enter('alice');
      assert.deepEqual(await store.deleteRoom(tenant, 'r'), ['alice']);
    });

    test('a guest writes in open rooms only, and is shown as it was then', async () => {
      const tenant = await tenantWith('alice');
      await store.createRoom(newRoom(tenant, 'open'));
      await store.createRoom({ ...newRoom(tenant, 'closed'), isOpen: false });
      await makeGroup(tenant, 'team', ['alice']);
      const write = (target: MessageTarget, text: string) =>
        store.appendMessage({ ...newMessage(tenant, 'guest:g', target, text), guest: PROFILE });
      const { message } = await write(toGroup('open'), 'hello');
      assert.deepEqual([message.senderId, message.guest, message.seq], ['guest:g', PROFILE, 1]);
      const page = { tenant, conversationId: 'open', viewerId: 'alice', limit: 9 };
      assert.deepEqual(await store.listMessages(page), [message]);
      for (const target of [toGroup('closed'), toGroup('team'), toUser('alice')]) {
        await assert.rejects(write(target, 'no'), { code: 'EPERM' });
      }
    });

    test('a message can be looked up in one conversation only', async () => {
      const tenant = await tenantWith('alice');
      for (const id of ['one', 'two']) await makeGroup(tenant, id, ['alice']);
      const { id, clientId } = await send(tenant, 'alice', toGroup('one'), 'hi');
      const find = (ref: string, conversationId: string) =>
        store.findMessage({ tenant, ref, viewerId: 'alice', prefer: 'own', conversationId });
      for (const ref of [id, clientId]) {
        assert.equal((await find(ref, 'one'))?.message.id, id);
        assert.equal(await find(ref, 'two'), undefined);
      }
    });

    test('users are found by many ids at once', async () => {
      const tenant = await tenantWith('c', 'a', 'b');
      await store.deleteUser(tenant, 'b');
      const found = await store.listUsersByIds(tenant, ['c', 'b', 'a', 'x', 'c']);
      assert.deepEqual(
        found.map(({ id }) => id),
        ['a', 'c'],
      );
      assert.deepEqual(await store.listUsersByIds('nowhere', ['a']), []);
    });

    test('messages issued together get sequences in their order, without gaps', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const sent = await Promise.all(
        Array.from({ length: 50 }, (_, i) => send(tenant, i % 2 ? 'alice' : 'bob', toGroup('team'), `m${i}`)),
      );
      assert.deepEqual(
        sent.map(({ seq }) => seq),
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
      const listed = await store.listMessages({
        tenant,
        conversationId: 'team',
        viewerId: 'alice',
        limit: 100,
      });
      assert.deepEqual(listed, sent);
    });

    test('a refused message takes no sequence', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const [first, refused, second] = await Promise.allSettled([
        send(tenant, 'alice', toGroup('team'), '1'),
        send(tenant, 'carol', toGroup('team'), 'no'),
        send(tenant, 'bob', toGroup('team'), '2'),
      ]);
      assert.equal(refused.status, 'rejected');
      assert.ok(first.status === 'fulfilled' && second.status === 'fulfilled');
      assert.equal(second.value.seq, 2);
    });

    test('a repeated client id stores nothing, and another content under it is refused', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const message = newMessage(tenant, 'alice', toUser('bob'), 'hello');
      const [one, two] = await Promise.all([
        store.appendMessage(message),
        store.appendMessage({ ...message, id: 'another id' }),
      ]);
      assert.equal(one.duplicate, false);
      assert.equal(two.duplicate, true);
      assert.deepEqual(two.message, one.message);
      const other = { ...message, content: { ...message.content, text: 'changed' } };
      await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT', field: 'clientId' });
      const elsewhere = { ...message, target: toUser('alice') };
      await assert.rejects(store.appendMessage(elsewhere), { code: 'ECONFLICT', field: 'clientId' });
      const sameIdOfAnother = newMessage(tenant, 'bob', toUser('alice'), 'mine');
      const theirs = await store.appendMessage({ ...sameIdOfAnother, clientId: message.clientId });
      assert.equal(theirs.duplicate, false);
    });

    test('a repeat is known as one even after the message was recalled', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const message = newMessage(tenant, 'alice', toUser('bob'), 'hello');
      const { message: sent } = await store.appendMessage(message);
      await store.changeMessage(recall(sent));
      const again = await store.appendMessage(message);
      assert.equal(again.duplicate, true);
      assert.equal(again.message.state, 'recalled');
      const other = { ...message, content: { ...message.content, text: 'changed' } };
      await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT' });
    });

    test('a repeat is known by what its client sent, also where another content was stored', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const sent = newMessage(tenant, 'alice', toUser('bob'), 'darn');
      const stored = { ...sent, content: { ...sent.content, text: '****' }, sentContent: sent.content };
      assert.equal((await store.appendMessage(stored)).message.content.text, '****');
      for (const repeat of [stored, sent, { ...stored, content: { ...sent.content, text: '####' } }]) {
        const { duplicate, message } = await store.appendMessage(repeat);
        assert.deepEqual([duplicate, message.content.text], [true, '****']);
      }
      const other = { ...sent, content: { ...sent.content, text: '****' } };
      await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT', field: 'clientId' });
    });

    test('a changed message takes the next revision; a recalled one can not be changed again', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const one = await send(tenant, 'alice', toUser('bob'), 'one');
      const two = await send(tenant, 'alice', toUser('bob'), 'two');
      const edited = await store.changeMessage({
        ...recall(one),
        state: 'edited',
        content: { type: 'text', text: 'uno', extra: null },
        at: 77,
      });
      assert.deepEqual(edited, {
        ...one,
        content: { type: 'text', text: 'uno', extra: null },
        state: 'edited',
        revision: 1,
        changeReason: 'a slip',
        changedAt: 77,
      });
      const recalled = await store.changeMessage(recall(two));
      assert.deepEqual(recalled.content, { type: 'text', text: '', extra: null });
      assert.equal(recalled.revision, 2);
      await assert.rejects(store.changeMessage(recall(two)), { code: 'ECONFLICT' });
      await assert.rejects(store.changeMessage({ ...recall(two), seq: 99 }), { code: 'ENOENT' });
      assert.equal((await store.findConversation(tenant, one.conversationId))?.revision, 2);
    });

    test('a message is found by id or client id, of the preferred side where another has the same', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const hers = newMessage(tenant, 'alice', toUser('bob'), 'hers');
      const his = { ...newMessage(tenant, 'bob', toUser('alice'), 'his'), clientId: hers.clientId };
      // Not awaited one by one: a look-up sees what was issued before it.
      const find = (ref: string, viewerId: string, prefer: 'own' | 'received' = 'own') =>
        store.findMessage({ tenant, ref, viewerId, prefer });
      const [, , own, other, received, byId, foreign] = await Promise.all([
        store.appendMessage(hers),
        store.appendMessage(his),
        find(hers.clientId, 'alice'),
        find(hers.clientId, 'bob'),
        find(hers.clientId, 'bob', 'received'),
        find(hers.id, 'bob'),
        find(hers.id, 'carol'),
      ]);
      assert.equal(own?.message.content.text, 'hers');
      assert.equal(other?.message.content.text, 'his');
      assert.equal(received?.message.content.text, 'hers');
      assert.equal(byId?.message.content.text, 'hers');
      assert.equal(byId?.viewerRole, 'member');
      assert.equal(foreign?.viewerRole, undefined);
    });

    test('history pages go back from the newest, or forward from a sequence', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (let i = 1; i <= 7; i++) await send(tenant, 'alice', toUser('bob'), `m${i}`);
      const conversationId = singleConversationId('alice', 'bob');
      const seqs = async (query: { before?: number; after?: number }) =>
        (await store.listMessages({ tenant, conversationId, viewerId: 'bob', limit: 3, ...query })).map(
          ({ seq }) => seq,
        );
      assert.deepEqual(await seqs({}), [5, 6, 7]);
      assert.deepEqual(await seqs({ before: 5 }), [2, 3, 4]);
      assert.deepEqual(await seqs({ before: 2 }), [1]);
      assert.deepEqual(await seqs({ after: 1 }), [2, 3, 4]);
    });

    async function pending(query: Omit<PendingQuery, 'limit'>, limit = 2): Promise<Message[]> {
      const messages: Message[] = [];
      for (let page = await store.listPending({ ...query, limit }); ; ) {
        messages.push(...page.messages);
        if (!page.next) return messages;
        page = await store.listPending({ ...query, limit, cursor: page.next });
      }
    }

    async function pendingTexts(query: Omit<PendingQuery, 'limit'>): Promise<string[]> {
      return (await pending(query)).map(({ content, state }) => (state === 'normal' ? content.text : state));
    }

    function acknowledge(tenant: string, conversationId: string, userId: string, ...ranges: SeqRange[]) {
      return store.acknowledge({ tenant, conversationId, kind: 'delivered', entries: [{ userId, ranges }] });
    }

    test('what a user did not acknowledge is pending, its own messages never', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      for (let i = 1; i <= 5; i++) await send(tenant, i === 2 ? 'bob' : 'alice', toGroup('team'), `m${i}`);
      await send(tenant, 'alice', toUser('bob'), 'direct');
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['direct', 'm1', 'm3', 'm4', 'm5']);
      const { fresh } = await acknowledge(tenant, 'team', 'bob', { from: 3, to: 4 });
      assert.deepEqual(fresh, [[{ from: 3, to: 4 }]]);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['direct', 'm1', 'm5']);
      const again = await acknowledge(tenant, 'team', 'bob', { from: 1, to: 4 });
      assert.deepEqual(again.fresh, [[{ from: 1, to: 1 }]]);
      assert.equal((await store.findMember(tenant, 'team', 'bob'))?.deliveredSeq, 4);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'alice' }), ['m2']);
    });

    test('nobody can acknowledge what was not sent, or for a conversation of others', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const { conversationId } = await send(tenant, 'alice', toUser('bob'), 'one');
      const { fresh } = await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 1000 });
      assert.deepEqual(fresh, [[{ from: 1, to: 1 }]]);
      assert.deepEqual((await acknowledge(tenant, conversationId, 'carol', { from: 1, to: 1 })).fresh, [[]]);
      assert.deepEqual((await acknowledge(tenant, 'nowhere', 'bob', { from: 1, to: 1 })).fresh, [[]]);
      await send(tenant, 'alice', toUser('bob'), 'two');
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
    });

    test('above the members that are told of receipts, positions are kept and nothing is answered', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      await send(tenant, 'alice', toGroup('team'), 'one');
      const entries = [{ userId: 'bob', ranges: [{ from: 1, to: 1 }] }];
      const report = { tenant, conversationId: 'team', kind: 'delivered' as const, entries };
      assert.deepEqual((await store.acknowledge({ ...report, maxMembers: 1 })).fresh, []);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
      assert.deepEqual((await store.acknowledge({ ...report, maxMembers: 2 })).fresh, [[]]);
    });

    test('reading implies delivery', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const { conversationId } = await send(tenant, 'alice', toUser('bob'), 'one');
      const entries = [{ userId: 'bob', ranges: [{ from: 1, to: 1 }] }];
      const { fresh } = await store.acknowledge({ tenant, conversationId, kind: 'read', entries });
      assert.deepEqual(fresh, [[{ from: 1, to: 1 }]]);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
      const member = await store.findMember(tenant, conversationId, 'bob');
      assert.deepEqual([member?.deliveredSeq, member?.readSeq], [1, 1]);
    });

    test('a new member has nothing pending of what was said before', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice']);
      await send(tenant, 'alice', toGroup('team'), 'before');
      const members = [{ userId: 'bob', role: 'member' as const }];
      await store.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 9 });
      await send(tenant, 'alice', toGroup('team'), 'after');
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['after']);
    });

    test('changes to messages a user already had are pending until it knows the revision', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const sent: Message[] = [];
      for (const text of ['one', 'two', 'three']) sent.push(await send(tenant, 'alice', toUser('bob'), text));
      const [one, , three] = sent as [Message, Message, Message];
      const { conversationId } = one;
      await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 2 });
      await store.changeMessage(recall(three));
      await store.changeMessage(recall(one));
      const query = { tenant, userId: 'bob', limit: 9 };
      const page = await store.listPending(query);
      assert.deepEqual(
        page.messages.map(({ seq, state }) => [seq, state]),
        [
          [1, 'recalled'],
          [3, 'recalled'],
        ],
      );
      assert.deepEqual(page.changedIds, [one.id]);
      assert.deepEqual(page.revisions, []);
      const known = { tenant, conversationId, kind: 'delivered' as const };
      await store.acknowledge({
        ...known,
        entries: [{ userId: 'bob', ranges: [{ from: 3, to: 3 }], revisions: [{ from: 2, to: 2 }] }],
      });
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['recalled'], 'revision 1 is missing');
      await store.acknowledge({
        ...known,
        entries: [{ userId: 'bob', ranges: [], revisions: [{ from: 1, to: 2 }] }],
      });
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
    });

    test('a change is known to who made it, before others that it does not know yet and after them', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const one = await send(tenant, 'alice', toUser('bob'), 'one');
      const two = await send(tenant, 'bob', toUser('alice'), 'two');
      const three = await send(tenant, 'alice', toUser('bob'), 'three');
      const { conversationId } = one;
      await acknowledge(tenant, conversationId, 'alice', { from: 2, to: 2 });
      await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 3 });
      const pendingSeqs = async (userId: string) =>
        (await store.listPending({ tenant, userId, limit: 9 })).messages.map(({ seq }) => seq);
      await store.changeMessage(recall(one));
      assert.deepEqual([await pendingSeqs('alice'), await pendingSeqs('bob')], [[], [1]]);
      await store.changeMessage(recall(two));
      await store.changeMessage(recall(three));
      assert.deepEqual([await pendingSeqs('alice'), await pendingSeqs('bob')], [[2], [1, 3]]);
      const [page, late] = await Promise.all(
        [undefined, 0].map((sinceSeq) =>
          store.listPending({
            tenant,
            userId: 'alice',
            limit: 9,
            conversationId,
            ...(sinceSeq === undefined ? {} : { sinceSeq }),
          }),
        ),
      );
      assert.deepEqual(page?.revisions, []);
      assert.equal(late?.messages.length, 3, 'a device with a position of its own gets all');
    });

    test('a page that is just full is the last', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const one = await send(tenant, 'alice', toUser('bob'), 'one');
      const two = await send(tenant, 'alice', toUser('bob'), 'two');
      await acknowledge(tenant, one.conversationId, 'bob', { from: 1, to: 2 });
      await store.changeMessage(recall(one));
      await store.changeMessage(recall(two));
      const changed = await store.listPending({ tenant, userId: 'bob', limit: 2 });
      assert.equal(changed.next, undefined);
      await send(tenant, 'alice', toUser('bob'), 'three');
      const full = await store.listPending({ tenant, userId: 'bob', limit: 3 });
      assert.deepEqual([full.messages.length, full.next], [3, undefined]);
      const first = await store.listPending({ tenant, userId: 'bob', limit: 2 });
      assert.equal(first.messages.length, 2);
      assert.ok(first.next);
      const last = await store.listPending({ tenant, userId: 'bob', limit: 2, cursor: first.next });
      assert.deepEqual([last.messages.length, last.next], [1, undefined]);
    });

    test('revisions that no message bears any more come with the page that passes them', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const [one, two, hidden] = [
        await send(tenant, 'alice', toUser('bob'), 'one'),
        await send(tenant, 'alice', toUser('bob'), 'two'),
        await send(tenant, 'alice', toUser('bob'), 'hidden'),
      ];
      const { conversationId } = one;
      await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 3 });
      await store.hideMessage(tenant, conversationId, hidden.seq, 'bob');
      // Revisions 1 to 5: two is edited and recalled, and so is one; what is hidden is recalled in between.
      await store.changeMessage({ ...recall(two), state: 'edited', content: two.content });
      await store.changeMessage({ ...recall(one), state: 'edited', content: one.content });
      await store.changeMessage(recall(two));
      await store.changeMessage(recall(hidden));
      await store.changeMessage(recall(one));
      const query = { tenant, userId: 'bob', limit: 9 };
      const whole = await store.listPending(query);
      assert.deepEqual(
        whole.messages.map(({ seq, revision }) => [seq, revision]),
        [
          [2, 3],
          [1, 5],
        ],
      );
      assert.deepEqual(whole.revisions, [
        {
          conversationId,
          ranges: [
            { from: 1, to: 2 },
            { from: 4, to: 4 },
          ],
        },
      ]);
      const first = await store.listPending({ ...query, limit: 1 });
      assert.deepEqual(first.revisions, [{ conversationId, ranges: [{ from: 1, to: 2 }] }]);
      const last = await store.listPending({ ...query, limit: 1, cursor: first.next as PendingCursor });
      assert.deepEqual(last.revisions, [{ conversationId, ranges: [{ from: 4, to: 4 }] }]);
      const revisions = [3, 5].map((revision) => ({ from: revision, to: revision }));
      await store.acknowledge({
        tenant,
        conversationId,
        kind: 'delivered',
        maxMembers: 9,
        entries: [{ userId: 'bob', ranges: [], revisions }],
      });
      const rest = await store.listPending(query);
      assert.deepEqual([rest.messages, rest.revisions], [[], whole.revisions]);
    });

    test('messages of a tenant are numbered in the order they were stored, a repeat keeps its number', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const elsewhere = await tenantWith('alice', 'bob');
      const message = newMessage(tenant, 'alice', toUser('bob'), 'one');
      const one = await store.appendMessage(message);
      const two = await send(tenant, 'alice', toUser('carol'), 'two');
      await send(elsewhere, 'alice', toUser('bob'), 'elsewhere');
      await store.createUser(newUser(tenant, 'dave'));
      const burst = await Promise.all(
        ['bob', 'carol', 'bob'].map((peer) => send(tenant, 'alice', toUser(peer), `to ${peer}`)),
      );
      const numbers = [one.message, two, ...burst].map(({ number }) => number);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
      assert.equal((await store.appendMessage(message)).message.number, one.message.number);
      const look = { tenant, ref: two.id, viewerId: 'carol', prefer: 'received' as const };
      assert.equal((await store.findMessage(look))?.message.number, two.number);
      const [first] = await store.listMessages({
        tenant,
        conversationId: one.message.conversationId,
        viewerId: 'bob',
        after: 0,
        limit: 1,
      });
      assert.equal(first?.number, one.message.number);
    });

    test('in the order of time the oldest of all conversations comes first, page by page, without what was acknowledged', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      await makeGroup(tenant, 'team', ['alice', 'bob', 'carol']);
      const sent: Message[] = [];
      for (let i = 0; i < 23; i++) {
        const sender = i % 2 === 0 ? 'alice' : 'carol';
        const target = i % 3 === 0 ? toGroup('team') : toUser('bob');
        sent.push(await send(tenant, sender, target, `m${i}`));
      }
      await send(tenant, 'bob', toGroup('team'), "bob's own");
      const query = { tenant, userId: 'bob', order: 'time' as const };
      const all = sent.map(({ content }) => content.text);
      for (const limit of [1, 2, 7, 100]) {
        assert.deepEqual(
          (await pending(query, limit)).map(({ content }) => content.text),
          all,
        );
      }
      const acknowledged = new Set([0, 4, 5, 11, 22]);
      for (const index of acknowledged) {
        const { conversationId, seq } = sent[index] as Message;
        await acknowledge(tenant, conversationId, 'bob', { from: seq, to: seq });
      }
      for (const limit of [1, 3, 100]) {
        assert.deepEqual(
          (await pending(query, limit)).map(({ content }) => content.text),
          all.filter((_, index) => !acknowledged.has(index)),
        );
      }
      const hidden = sent[1] as Message;
      await store.hideMessage(tenant, hidden.conversationId, hidden.seq, 'bob');
      assert.ok(!(await pending(query)).some(({ id }) => id === hidden.id));
    });

    test('in the order of time changes to what the user had come first, then what it had not, as that is now', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const old = await send(tenant, 'carol', toUser('bob'), 'old');
      const had = await send(tenant, 'alice', toUser('bob'), 'had');
      const missed = await send(tenant, 'alice', toUser('bob'), 'missed');
      await acknowledge(tenant, had.conversationId, 'bob', { from: 1, to: 1 });
      await store.changeMessage(recall(missed));
      await store.changeMessage(recall(had));
      const query = { tenant, userId: 'bob', order: 'time' as const };
      for (const limit of [1, 2, 9]) {
        assert.deepEqual(
          (await pending(query, limit)).map(({ id, state }) => [id, state]),
          [
            [had.id, 'recalled'],
            [old.id, 'normal'],
            [missed.id, 'recalled'],
          ],
        );
      }
    });

    test('in the order of time what is acknowledged between two pages is told all the same, as it is now', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const message = await send(tenant, 'alice', toUser('bob'), 'old');
      await store.changeMessage(recall(message));
      const query = { tenant, userId: 'bob', order: 'time' as const, limit: 9 };
      const { next } = await store.listPending(query);
      await acknowledge(tenant, message.conversationId, 'bob', { from: 1, to: 1 });
      const { messages } = await store.listPending({ ...query, cursor: next as PendingCursor });
      assert.deepEqual(
        messages.map(({ id, state }) => [id, state]),
        [[message.id, 'recalled']],
      );
    });

    test('what was told on an earlier page and changed since is told anew', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const one = await send(tenant, 'alice', toUser('bob'), 'one');
      await send(tenant, 'alice', toUser('bob'), 'two');
      const query = { tenant, userId: 'bob', limit: 1 };
      const { next } = await store.listPending(query);
      assert.ok(next);
      await store.changeMessage(recall(one));
      const page = await store.listPending({ ...query, limit: 9, cursor: next });
      assert.deepEqual(
        page.messages.map(({ seq, state }) => [seq, state]),
        [
          [1, 'recalled'],
          [2, 'normal'],
        ],
      );
    });

    test('a client with a position of its own gets all that is newer, its own messages too', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (let i = 1; i <= 5; i++)
        await send(tenant, i % 2 ? 'alice' : 'bob', toUser(i % 2 ? 'bob' : 'alice'), `m${i}`);
      const conversationId = singleConversationId('alice', 'bob');
      await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 5 });
      const query = { tenant, userId: 'bob', conversationId };
      assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 2 }), ['m3', 'm4', 'm5']);
      assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 5 }), []);
      const [second] = await store.listMessages({
        tenant,
        conversationId,
        viewerId: 'bob',
        limit: 1,
        before: 3,
      });
      const { revision } = await store.changeMessage(recall(second as Message));
      const revisions = [{ from: 1, to: revision }];
      await store.acknowledge({
        tenant,
        conversationId,
        kind: 'delivered',
        entries: [{ userId: 'bob', ranges: [], revisions }],
      });
      assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 4 }), ['recalled', 'm5']);
      assert.deepEqual(await pendingTexts(query), []);
      await assert.rejects(store.listPending({ ...query, conversationId: 'nowhere', limit: 1 }), {
        code: 'ENOENT',
      });
    });

    test('a quote and a forward keep their origin, which shows as recalled once it is', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const original = await send(tenant, 'alice', toUser('bob'), 'the original');
      const refer = (senderId: string, to: string, kind: 'quote' | 'forward', ref: string) =>
        store.appendMessage({
          ...newMessage(tenant, senderId, toUser(to), 'look'),
          reference: { kind, ref, reason: 'why' },
        });
      const { message: quote } = await refer('bob', 'alice', 'quote', original.clientId);
      const reference = {
        kind: 'quote',
        messageId: original.id,
        senderId: 'alice',
        text: 'the original',
        isRecalled: false,
        reason: 'why',
      };
      assert.deepEqual(quote.reference, reference);
      const { message: forward } = await refer('bob', 'carol', 'forward', original.id);
      assert.deepEqual(forward.reference, { ...reference, kind: 'forward' });
      const [stored] = await store.listMessages({
        tenant,
        conversationId: forward.conversationId,
        viewerId: 'carol',
        limit: 1,
      });
      assert.deepEqual(stored, forward);
      await assert.rejects(refer('carol', 'bob', 'quote', original.id), {
        code: 'ENOENT',
        field: 'reference',
      });
      await store.changeMessage(recall(original));
      await assert.rejects(refer('bob', 'alice', 'quote', original.id), {
        code: 'ECONFLICT',
        field: 'reference',
      });
      assert.equal(
        (await send(tenant, 'bob', toUser('alice'), 'next')).seq,
        3,
        'a refused one takes no sequence',
      );
      const view = await store.findMessage({ tenant, ref: quote.id, viewerId: 'alice', prefer: 'own' });
      assert.deepEqual(view?.message.reference, { ...reference, text: '', isRecalled: true });
    });

    test("a hidden message is out of one user's sight and stays in the others'", async () => {
      const tenant = await tenantWith('alice', 'bob');
      const one = await send(tenant, 'alice', toUser('bob'), 'one');
      await send(tenant, 'alice', toUser('bob'), 'two');
      const { conversationId } = one;
      assert.equal(await store.hideMessage(tenant, conversationId, 1, 'bob'), true);
      assert.equal(await store.hideMessage(tenant, conversationId, 1, 'bob'), false);
      const texts = async (viewerId: string) =>
        (await store.listMessages({ tenant, conversationId, viewerId, limit: 9 })).map(
          ({ content }) => content.text,
        );
      assert.deepEqual(await texts('bob'), ['two']);
      assert.deepEqual(await texts('alice'), ['one', 'two']);
      assert.deepEqual(await store.listHidden(tenant, conversationId, 'bob'), [one.id]);
      assert.deepEqual(await store.listHidden(tenant, conversationId, 'alice'), []);
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
      assert.equal(
        (await store.findMessage({ tenant, ref: one.id, viewerId: 'bob', prefer: 'own' }))?.isHidden,
        true,
      );
      assert.equal(
        (await store.findMessage({ tenant, ref: one.id, viewerId: 'alice', prefer: 'own' }))?.isHidden,
        false,
      );
      await store.changeMessage(recall(one));
      assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
    });

    test("pins are one's own or everyone's, the newest first, without what was hidden", async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (const text of ['one', 'two', 'three']) await send(tenant, 'alice', toUser('bob'), text);
      const conversationId = singleConversationId('alice', 'bob');
      const pin = (seq: number, userId: string, scope: 'everyone' | 'self', at: number) => ({
        tenant,
        conversationId,
        seq,
        userId,
        scope,
        at,
      });
      assert.equal(await store.pinMessage(pin(1, 'alice', 'everyone', 5)), true);
      assert.equal(await store.pinMessage(pin(1, 'bob', 'everyone', 6)), false);
      await store.pinMessage(pin(2, 'alice', 'self', 7));
      await store.pinMessage(pin(3, 'bob', 'self', 8));
      const pinned = async (userId: string) =>
        (await store.listPins({ tenant, conversationId, userId })).map(
          ({ message, scope, pinnedBy, pinnedAt }) =>
            `${message.content.text} ${scope} ${pinnedBy} ${pinnedAt}`,
        );
      assert.deepEqual(await pinned('alice'), ['two self alice 7', 'one everyone alice 5']);
      assert.deepEqual(await pinned('bob'), ['three self bob 8', 'one everyone alice 5']);
      assert.equal((await store.listPins({ tenant, userId: 'bob' })).length, 2);
      assert.deepEqual(await store.listPins({ tenant, userId: 'nobody' }), []);
      await store.hideMessage(tenant, conversationId, 1, 'bob');
      assert.deepEqual(await pinned('bob'), ['three self bob 8']);
      assert.equal(await store.unpinMessage(pin(1, 'bob', 'everyone', 9)), true);
      assert.equal(await store.unpinMessage(pin(1, 'bob', 'everyone', 9)), false);
      assert.deepEqual(await pinned('alice'), ['two self alice 7']);
    });

    async function notify(
      tenant: string,
      id: string,
      recipients: string[] | null,
      changes: Partial<Notification> = {},
      isPublished = true,
    ): Promise<void> {
      const notification = newNotification(tenant, `${tenant}-${id}`, changes);
      await store.createNotification({ notification, recipients, isPublished });
    }

    const short = (tenant: string, { id }: Notification) => id.slice(tenant.length + 1);

    async function untold(tenant: string, userId: string, { now = 10, limit = 9 } = {}): Promise<string[]> {
      const found = await store.listUntoldNotifications({ tenant, userId, now, limit });
      return found.map((one) => short(tenant, one));
    }

    test('a notification is untold to each of its users until it was told or read, or has expired', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await notify(tenant, 'all', null, { at: 1 });
      await notify(tenant, 'some', ['bob', 'bob'], { at: 2, expiresAt: 20 });
      await assert.rejects(notify(tenant, 'none', ['alice', 'nobody']), {
        code: 'ENOENT',
        field: 'to.userIds',
      });
      assert.deepEqual(await untold(tenant, 'alice'), ['all']);
      assert.deepEqual(await untold(tenant, 'bob'), ['all', 'some']);
      assert.deepEqual(await untold(tenant, 'bob', { now: 20 }), ['all']);
      assert.deepEqual(await untold(tenant, 'bob', { limit: 1 }), ['some']);
      await store.markNotified(tenant, `${tenant}-all`, ['bob', 'bob', 'nobody'], 5);
      assert.deepEqual(await untold(tenant, 'bob'), ['some']);
      assert.deepEqual(await untold(tenant, 'alice'), ['all']);
      assert.equal(await store.readNotification(tenant, `${tenant}-some`, 'bob', 6), true);
      assert.equal(await store.readNotification(tenant, `${tenant}-some`, 'bob', 7), false);
      assert.deepEqual(await untold(tenant, 'bob'), []);
      const other = await tenantWith('alice', 'bob');
      assert.deepEqual(await untold(other, 'bob'), []);
      for (const [where, who] of [
        [tenant, 'alice'],
        [other, 'bob'],
        [tenant, 'nobody'],
      ] as const) {
        await assert.rejects(store.readNotification(where, `${tenant}-some`, who, 6), { code: 'ENOENT' });
      }
    });

    test('a notification comes back as it was, unread ones first and then the newest, page by page', async () => {
      const tenant = await tenantWith('alice');
      const body: NotificationBody = { title: '题', content: 'c', priority: 'high', data: { a: [1, null] } };
      await notify(tenant, 'one', null, { at: 1, body, type: 'alert' });
      for (const [at, id] of [
        [2, 'two'],
        [3, 'three'],
        [3, 'trois'],
      ] as const)
        await notify(tenant, id, ['alice'], { at });
      await notify(tenant, 'gone', null, { at: 4, expiresAt: 10 });
      await store.readNotification(tenant, `${tenant}-two`, 'alice', 8);
      await store.readNotification(tenant, `${tenant}-trois`, 'alice', 9);
      const query = { tenant, userId: 'alice', now: 10, limit: 2 };
      const first = await store.listNotifications(query);
      assert.deepEqual(
        first.map(({ notification, readAt }) => [short(tenant, notification), readAt]),
        [
          ['three', null],
          ['one', null],
        ],
      );
      assert.deepEqual(
        first[1]?.notification,
        newNotification(tenant, `${tenant}-one`, { at: 1, body, type: 'alert' }),
      );
      const after = { isRead: false, at: 1, id: `${tenant}-one` };
      const rest = await store.listNotifications({ ...query, after });
      assert.deepEqual(
        rest.map(({ notification, readAt }) => [short(tenant, notification), readAt]),
        [
          ['trois', 9],
          ['two', 8],
        ],
      );
      const last = { isRead: true, at: 2, id: `${tenant}-two` };
      assert.deepEqual(await store.listNotifications({ ...query, after: last }), []);
    });

    test('a planned notification is nobody’s until it is due, and is taken once', async () => {
      const tenant = await tenantWith('alice', 'bob');
      assert.equal(await store.nextNotificationDue(), null);
      await notify(tenant, 'late', null, { at: 200 }, false);
      await notify(tenant, 'soon', ['alice', 'bob'], { at: 100 }, false);
      assert.equal(await store.nextNotificationDue(), 100);
      assert.deepEqual(await untold(tenant, 'alice'), []);
      const reading = store.readNotification(tenant, `${tenant}-soon`, 'alice', 5);
      await assert.rejects(reading, { code: 'ENOENT' });
      assert.deepEqual(await store.takeDueNotifications(99, 9), []);
      const [due, ...more] = await store.takeDueNotifications(100, 9);
      assert.deepEqual(more, []);
      assert.deepEqual(due?.recipients?.toSorted(), ['alice', 'bob']);
      assert.deepEqual(await untold(tenant, 'alice'), ['soon']);
      const [late] = await store.takeDueNotifications(500, 9);
      assert.equal(late?.recipients, null);
      assert.deepEqual(await store.takeDueNotifications(500, 9), []);
      assert.equal(await store.nextNotificationDue(), null);
    });

    test('expired and old notifications are removed batch by batch, told to nobody meanwhile', async () => {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      const purge = (expiredBy: number, dueBefore: number, limit = 1000) =>
        store.purgeNotifications({ expiredBy, dueBefore, limit });
      const left = async (userId: string) =>
        (await store.listNotifications({ tenant, userId, now: 0, limit: 9 })).map(({ notification }) =>
          short(tenant, notification),
        );
      // What other tests left behind.
      await purge(1_000, 1_000);
      await notify(tenant, 'expired', null, { at: 2_000, expiresAt: 2_100 });
      await notify(tenant, 'old', ['alice', 'bob', 'carol'], { at: 2_000 });
      await notify(tenant, 'kept', null, { at: 3_000, expiresAt: 9_000 });
      await notify(tenant, 'planned', null, { at: 2_000 }, false);
      await store.readNotification(tenant, `${tenant}-expired`, 'alice', 2_050);
      await store.readNotification(tenant, `${tenant}-kept`, 'alice', 3_050);
      assert.equal(await purge(2_099, 2_000), 0);
      assert.deepEqual(await left('alice'), ['old', 'kept', 'expired']);
      assert.equal(await purge(2_100, 2_000), 2, 'with who has read it');
      assert.deepEqual(await left('alice'), ['old', 'kept']);
      assert.equal(await purge(2_100, 2_001, 2), 2, 'two of its three users');
      for (const user of ['alice', 'bob', 'carol']) assert.deepEqual(await left(user), ['kept']);
      assert.equal(await purge(2_100, 2_001, 2), 2);
      assert.equal(await purge(2_100, 2_001, 2), 0);
      await assert.rejects(store.readNotification(tenant, `${tenant}-old`, 'carol', 9), { code: 'ENOENT' });
      await store.markNotified(tenant, `${tenant}-old`, ['carol'], 9);
      const [planned] = await store.takeDueNotifications(2_000, 9);
      assert.equal(planned?.notification.id, `${tenant}-planned`);
    });

    test('a user of a deleted one’s id does not inherit its notifications', async () => {
      const tenant = await tenantWith('alice');
      await notify(tenant, 'hers', ['alice']);
      await notify(tenant, 'all', null);
      await store.readNotification(tenant, `${tenant}-all`, 'alice', 5);
      await store.deleteUser(tenant, 'alice');
      await store.createUser(newUser(tenant, 'alice'));
      assert.deepEqual(await untold(tenant, 'alice'), ['all']);
    });

    test('settings count from the change on, and the audit has what they were', async () => {
      const tenant = await tenantWith('alice');
      assert.deepEqual(await store.findChatSettings(tenant), {});
      const defaults = { maxMessageLength: 2000, fileUploadLimit: 10 };
      const first = await store.changeChatSettings({
        ...act(tenant, 1),
        patch: { maxMessageLength: 5 },
        defaults,
      });
      assert.deepEqual(first, { old: defaults, new: { maxMessageLength: 5, fileUploadLimit: 10 } });
      assert.deepEqual(await store.findChatSettings(tenant), { maxMessageLength: 5 });
      await store.changeChatSettings({
        ...act(tenant, 2),
        patch: { maxMessageLength: 6, fileUploadLimit: 7 },
        defaults,
      });
      assert.deepEqual(await store.findChatSettings(tenant), { maxMessageLength: 6, fileUploadLimit: 7 });
      assert.deepEqual(await store.findChatSettings(await tenantWith('alice')), {});
      assert.deepEqual(await store.listAudit(tenant, { limit: 9 }), [
        {
          ...act(tenant, 2),
          type: 'chat_settings',
          old: { maxMessageLength: 5, fileUploadLimit: 10 },
          new: { maxMessageLength: 6, fileUploadLimit: 7 },
        },
        { ...act(tenant, 1), type: 'chat_settings', ...first },
      ]);
    });

    test('a permission is kept for a user, and goes with it', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const change = { ...act(tenant, 1), userId: 'bob', permission: 'read_only' as const };
      assert.equal(await store.changeChatPermission(change), 'full_access');
      assert.equal(await store.findChatPermission(tenant, 'bob'), 'read_only');
      assert.equal(await store.findChatPermission(tenant, 'alice'), 'full_access');
      assert.equal(await store.findChatPermission('no such tenant', 'bob'), 'full_access');
      assert.equal(await store.changeChatPermission({ ...change, ...act(tenant, 2) }), 'read_only');
      await assert.rejects(store.changeChatPermission({ ...change, ...act(tenant, 3), userId: 'nobody' }), {
        code: 'ENOENT',
        field: 'id',
      });
      await store.deleteUser(tenant, 'bob');
      await store.createUser(newUser(tenant, 'bob'));
      assert.equal(await store.findChatPermission(tenant, 'bob'), 'full_access');
      assert.deepEqual(
        (await store.listAudit(tenant, { limit: 9 })).map((entry) => [entry.id, entry.old, entry.new]),
        [
          [`${tenant}-2`, 'read_only', 'read_only'],
          [`${tenant}-1`, 'full_access', 'read_only'],
        ],
      );
    });

    test('the audit is read page by page, the newest first, and by its own tenant', async () => {
      const tenant = await tenantWith('alice');
      const other = await tenantWith('alice');
      for (const n of [1, 2, 3]) {
        for (const to of [tenant, other]) {
          await store.changeChatPermission({ ...act(to, n), userId: 'alice', permission: 'read_only' });
        }
      }
      const ids = async (after?: string) => {
        const page = { limit: 2, ...(after === undefined ? {} : { after }) };
        return (await store.listAudit(tenant, page)).map(({ id }) => id);
      };
      assert.deepEqual(await ids(), [`${tenant}-3`, `${tenant}-2`]);
      assert.deepEqual(await ids(`${tenant}-2`), [`${tenant}-1`]);
      assert.deepEqual(await ids(`${other}-3`), []);
      assert.deepEqual(await store.listAudit('no such tenant', { limit: 2 }), []);
    });

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
      await store.removeMember(tenant, 'team', 'bob');
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

    test('a user of a deleted one’s id does not inherit its files', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const id = await upload(tenant, 'alice');
      await sendFiles(tenant, 'alice', toUser('bob'), id);
      const unsent = await upload(tenant, 'alice');
      await store.deleteUser(tenant, 'alice');
      await store.createUser(newUser(tenant, 'alice'));
      assert.deepEqual(
        [await sees(tenant, 'alice', id), await sees(tenant, 'alice', unsent)],
        [false, false],
      );
      assert.equal(await sees(tenant, 'bob', id), true);
    });

    test('what waits for a target is due in the order it was recorded, until it is done', async () => {
      const tenant = await tenantWith();
      const [bus, hook] = [`${tenant}-bus`, `${tenant}-hook`];
      const entries = [entry(tenant, bus, 'a'), entry(tenant, hook, 'b'), entry(tenant, bus, 'c')];
      assert.equal(await store.recordDeliveries(entries, 10), 0);
      const due = await store.listDueDeliveries(bus, 5, 10);
      assert.deepEqual(
        due.map(({ id: _, ...delivery }) => delivery),
        [
          { ...entry(tenant, bus, 'a'), tries: 0 },
          { ...entry(tenant, bus, 'c'), tries: 0 },
        ],
      );
      assert.equal(await store.nextDeliveryDue(bus), 5);
      assert.deepEqual(await store.listDueDeliveries(bus, 4, 10), []);
      await store.settleDeliveries(
        due.map(({ id }) => ({ id, result: 'done' as const })),
        10,
      );
      assert.equal(await store.nextDeliveryDue(bus), null);
      assert.equal((await store.listDueDeliveries(hook, 5, 10)).length, 1);
    });

    test('what becomes of a message is noted with it until it was told, where it is to be told at all', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await send(tenant, 'alice', toUser('bob'), 'not noted');
      await store.keepUntold(true);
      const message = newMessage(tenant, 'alice', toUser('bob'), 'noted');
      const { message: sent } = await store.appendMessage(message);
      await store.appendMessage(message);
      const recalled = await store.changeMessage({ ...recall(sent), actorId: 'admin' });
      await assert.rejects(store.changeMessage(recall(sent)), { code: 'ECONFLICT' });
      const untold = await store.listUntold(10);
      assert.deepEqual(untold, [
        { message: { ...recalled, revision: 0 }, became: 'normal', actorId: 'alice' },
        { message: recalled, became: 'recalled', actorId: 'admin' },
      ]);
      await store.recordDeliveries([], 10, [{ messageId: sent.id, revision: 0 }]);
      assert.deepEqual(await store.listUntold(1), untold.slice(1));
      await store.keepUntold(false);
      assert.deepEqual(await store.listUntold(10), []);
    });

    test('what does not fit any more is left out and counted, until there is room', async () => {
      const tenant = await tenantWith();
      const target = `${tenant}-bus`;
      const many = ['a', 'b', 'c'].map((id) => entry(tenant, target, id));
      assert.equal(await store.recordDeliveries(many, 2), 1);
      assert.equal(await store.recordDeliveries(many, 2), 3);
      const [first] = await store.listDueDeliveries(target, 5, 1);
      await store.settleDeliveries([{ id: first?.id ?? '', result: 'done' }], 10);
      assert.equal(await store.recordDeliveries(many, 2), 2);
    });

    test('a delivery that failed is due again later, and once it is given up only when it is asked for', async () => {
      const tenant = await tenantWith();
      const target = `${tenant}-hook`;
      await store.recordDeliveries([entry(tenant, target, 'a')], 10);
      const id = (await store.listDueDeliveries(target, 5, 1))[0]?.id ?? '';
      await store.settleDeliveries([{ id, result: 'retry', dueAt: 100, failure: 'answered 500' }], 10);
      assert.deepEqual(await store.listDueDeliveries(target, 99, 1), []);
      assert.equal((await store.listDueDeliveries(target, 100, 1))[0]?.tries, 1);
      await store.settleDeliveries([{ id, result: 'dead', failure: 'answered 502' }], 10);
      assert.equal(await store.nextDeliveryDue(target), null);
      const dead = { ...entry(tenant, target, 'a'), id, tries: 2, failure: 'answered 502' };
      assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), [dead]);
      assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10, after: id }), []);
      await assert.rejects(store.retryDeadLetter('another', id, 200), { code: 'ENOENT', field: 'id' });
      assert.equal(await store.retryDeadLetter(tenant, id, 200), target);
      await assert.rejects(store.retryDeadLetter(tenant, id, 200), { code: 'ENOENT' });
      assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), []);
      assert.equal((await store.listDueDeliveries(target, 200, 1))[0]?.tries, 0);
    });

    test('of what was given up the newest is kept', async () => {
      const tenant = await tenantWith();
      const target = `${tenant}-hook`;
      await store.recordDeliveries(
        ['a', 'b', 'c'].map((id) => entry(tenant, target, id)),
        10,
      );
      const due = await store.listDueDeliveries(target, 5, 10);
      const outcomes = due.map(({ id }) => ({ id, result: 'dead' as const, failure: 'gone' }));
      await store.settleDeliveries(outcomes, 2);
      const kept = await store.listDeadLetters(tenant, { limit: 10 });
      assert.deepEqual(
        kept.map(({ eventId }) => eventId),
        ['c', 'b'],
      );
    });

    test('a webhook is kept as it was made, and takes with it what waits for it', async () => {
      const tenant = await tenantWith();
      const webhook = {
        tenant,
        id: `${tenant}-hook`,
        url: 'https://example.org/hook',
        events: ['business.*', 'communication.message.sent'],
        secret: 'a secret',
        createdBy: 'admin',
        createdAt: 7,
      };
      await store.createWebhook(webhook, 1);
      const another = { ...webhook, id: `${tenant}-another` };
      await assert.rejects(store.createWebhook(another, 1), { code: 'ETOOLONG', limit: 1 });
      const own = async () => (await store.listWebhooks()).filter((one) => one.tenant === tenant);
      assert.deepEqual(await own(), [webhook]);
      await store.recordDeliveries([entry(tenant, webhook.id, 'a')], 10);
      await assert.rejects(store.deleteWebhook('another', webhook.id), { code: 'ENOENT', field: 'id' });
      await store.deleteWebhook(tenant, webhook.id);
      assert.deepEqual(await own(), []);
      assert.equal(await store.nextDeliveryDue(webhook.id), null);
    });

    test('prototype names and quotes are ordinary text', async () => {
      const tenant = await tenantWith('__proto__', 'constructor');
      const text = `'"; DROP TABLE message; -- \u0000 😀`;
      const message = await send(tenant, '__proto__', toUser('constructor'), text);
      const [listed] = await store.listMessages({
        tenant,
        conversationId: message.conversationId,
        viewerId: 'constructor',
        limit: 1,
      });
      assert.equal(listed?.content.text, text);
    });
  });
}

/** When files are unused that no test takes. */
const LATE = 1000;
const FACTS: FileFacts = { name: 'a.dat', type: 'image/png', size: 5, sha256: 'abc', extension: 'dat' };

function mention(id: string): FileMention {
  return { id, field: 'extra.url', isOurs: true };
}

function recallLate(message: Message): MessageChange {
  return { ...recall(message), at: LATE };
}

export function newUser(tenant: string, id: string): NewUser {
  return {
    tenant,
    id,
    username: id,
    nickname: id.toUpperCase(),
    avatar: '',
    role: 'user',
    passwordHash: `hash of ${id}`,
    createdAt: 1,
  };
}

function newNotification(tenant: string, id: string, changes: Partial<Notification>): Notification {
  const body = { title: 'A title', content: 'A content' };
  const fixed = { type: 'announcement', body, expiresAt: null, createdBy: 'admin', createdAt: 1 } as const;
  return { tenant, id, at: 1, ...fixed, ...changes };
}

function entry(tenant: string, target: string, eventId: string): OutboxEntry {
  return { tenant, target, eventId, eventType: 'business.user.login', body: `{"a":"${eventId}"}`, at: 5 };
}

function act(tenant: string, n: number) {
  return { tenant, id: `${tenant}-${n}`, actorId: 'admin', reason: `reason ${n}`, at: n };
}

let nextMessage = 0;

export function newMessage(
  tenant: string,
  senderId: string,
  target: MessageTarget,
  text: string,
): NewMessage {
  const id = `message-${nextMessage++}`;
  return {
    tenant,
    id,
    clientId: `client-${id}`,
    senderId,
    target,
    content: { type: 'text', text, extra: null },
    source: 'test',
    deviceId: 'a phone',
    createdAt: 5,
  };
}

export function toUser(userId: string): MessageTarget {
  return { kind: 'user', userId };
}

function toGroup(conversationId: string): MessageTarget {
  return { kind: 'conversation', conversationId };
}

function recall({ tenant, conversationId, seq, senderId }: Message) {
  const change = { state: 'recalled' as const, content: null, reason: 'a slip', at: 9 };
  return { tenant, conversationId, seq, actorId: senderId, ...change };
}
