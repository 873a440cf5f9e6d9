import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatSettings } from '../../../core/chat-settings.ts';
import { membershipsOf, newMessage, newUser, toGroup, toUser } from '../fixture.ts';
import { RACES, type RaceFixture, upTo } from './fixture.ts';

const DEFAULTS: ChatSettings = { maxMessageLength: 0, fileUploadLimit: 0 };

/** Users, what managers lay down for them, and what they read, changed by two nodes at once. */
export function accountRaces({
  one,
  other,
  both,
  turn,
  tenantWith,
  makeGroup,
  outcomes,
  withoutDeadlock,
}: RaceFixture): void {
  test('changes that both make to one user are all kept', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice');
      await Promise.all([
        one.updateUser(tenant, 'alice', { nickname: 'Alice!' }),
        other.updateUser(tenant, 'alice', { role: 'agent' }),
        one.updateUser(tenant, 'alice', { passwordHash: 'new' }),
        other.updateUser(tenant, 'alice', { isDisabled: true }),
      ]);
      const user = await one.findUser(tenant, 'alice');
      assert.deepEqual([user?.nickname, user?.role, user?.isDisabled], ['Alice!', 'agent', true]);
      assert.equal((await one.findCredentials(tenant, 'alice'))?.passwordHash, 'new');
    }
  });

  test('a password is changed once from the one that both were given', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice');
      const given = { passwordHash: 'hash of alice' };
      const change = (n: number) => turn(n).updateUser(tenant, 'alice', { passwordHash: `${n}`, given });
      const { done, refused } = await outcomes([change(0), change(1)]);
      assert.deepEqual([done.length, refused], [1, ['EPERM']]);
    }
  });

  test('usernames that look alike are not both given', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      const { refused } = await outcomes([
        one.updateUser(tenant, 'alice', { username: 'Same' }),
        other.updateUser(tenant, 'bob', { username: 'sAME' }),
      ]);
      assert.deepEqual(refused, ['ECONFLICT']);
    }
  });

  test('who is deleted is added nowhere at once', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob', 'carol');
      await makeGroup(tenant, 'team', ['alice']);
      const room = { name: 'Hall', description: '', isOpen: true, owner: null, createdAt: 1 };
      await one.createRoom({ tenant, id: 'hall', ...room });
      const members = [{ userId: 'bob', role: 'member' as const }];
      const crew = [{ userId: 'alice', role: 'owner' as const }, ...members];
      await outcomes<unknown>([
        one.deleteUser(tenant, 'bob', 5),
        other.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 1 }),
        other.createGroup({ tenant, id: 'crew', name: 'Crew', members: crew, createdAt: 1 }),
        other.enterRoom({ tenant, roomId: 'hall', userId: 'bob', at: 1 }),
        other.appendMessage(newMessage(tenant, 'carol', toUser('bob'), 'hello')),
      ]);
      assert.deepEqual(await membershipsOf(one, tenant, 'bob'), []);
      assert.deepEqual(await one.listPeers({ tenant, userId: 'bob', maxMembers: 9, limit: 9 }), []);
      await assert.rejects(one.appendMessage(newMessage(tenant, 'carol', toUser('bob'), 'are you there?')), {
        code: 'ENOENT',
      });
    }
  });

  test('a deletion and messages of the other node never wait for each other', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      const groups = upTo(8).map((n) => `g${n}`);
      for (const id of groups) await makeGroup(tenant, id, ['alice', 'bob']);
      const work = groups
        .toReversed()
        .flatMap((conversationId, n) =>
          ['alice', 'bob'].map((sender) =>
            other.appendMessage(newMessage(tenant, sender, toGroup(conversationId), `${n}`)),
          ),
        );
      await withoutDeadlock(() => Promise.all([outcomes(work), one.deleteUser(tenant, 'bob', 5)]));
      for (const id of groups) assert.equal((await one.findConversation(tenant, id))?.memberCount, 1);
    }
  });

  test('what the audit says was before is what was after the change before', async () => {
    const tenant = await tenantWith('alice');
    const act = (n: number) => ({ tenant, id: `${tenant}-${n}`, actorId: 'boss', reason: '', at: n });
    const changes = upTo(30).flatMap((n): Promise<unknown>[] => {
      const maxMessageLength = n;
      const permission = n % 3 === 0 ? 'full_access' : n % 3 === 1 ? 'read_only' : 'no_access';
      return [
        turn(n).changeChatSettings({ ...act(n), patch: { maxMessageLength }, defaults: DEFAULTS }),
        turn(n).changeChatPermission({
          ...act(n + 100),
          userId: 'alice',
          permission: permission as 'read_only',
        }),
        turn(n).updateUser(
          tenant,
          'alice',
          { isDisabled: n % 2 === 0, role: n % 3 === 0 ? 'agent' : 'user' },
          act(n + 200),
        ),
      ];
    });
    await Promise.all(changes);
    const entries = (await one.listAudit(tenant, { limit: 200 })).reverse();
    for (const type of ['chat_settings', 'chat_permission', 'user_access'] as const) {
      const ofType = entries.flatMap((entry) => (entry.type === type ? [entry] : []));
      assert.ok(ofType.length > 10);
      for (const [n, { old }] of ofType.entries()) if (n > 0) assert.deepEqual(old, ofType[n - 1]?.new);
    }
  });

  test('a notification that both say is read is read once', async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (let race = 0; race < RACES; race++) {
      const id = `${tenant}-${race}`;
      const body = { title: 'x', content: '' };
      const notification = {
        ...{ tenant, id, type: 'alert' as const, body, at: 5, expiresAt: null },
        ...{ createdBy: 'alice', createdAt: 1 },
      };
      const recipients = race % 2 === 0 ? ['alice'] : null;
      await one.createNotification({ notification, recipients, isPublished: true });
      const read = await Promise.all(both.map((store) => store.readNotification(tenant, id, 'alice', 9)));
      assert.deepEqual(read.sort(), [false, true]);
    }
  });

  test('a user who is made again under its id at once by both is made once', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      await one.deleteUser(tenant, 'bob', 5);
      const made = await outcomes(both.map((store) => store.createUser(newUser(tenant, 'bob'))));
      assert.deepEqual(made.refused, ['ECONFLICT']);
      assert.equal((await one.findAccount(tenant, 'bob'))?.generation, 2);
    }
  });
}
