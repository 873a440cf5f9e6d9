import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notification, NotificationBody } from '../../core/model.ts';
import type { NotificationCursor } from '../../core/ports/notification-store.ts';
import { newUser, type StoreFixture } from './fixture.ts';

/** Notifications, and who was told of them. */
export function notificationsContract({ store, tenantWith }: StoreFixture): void {
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

  test('pages of notifications go through all of them once, whoever was told, also those of one time', async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (const [id, recipients] of [
      ['a', null],
      ['b', ['alice']],
      ['c', null],
      ['d', ['alice']],
      ['e', null],
      ['f', ['bob']],
    ] as const) {
      await notify(tenant, id, recipients && [...recipients], { at: id === 'a' ? 1 : 2 });
    }
    await notify(tenant, 'later', ['alice'], { at: 90 }, false);
    await store.markNotified(tenant, `${tenant}-c`, ['alice'], 5);
    for (const id of ['d', 'e']) await store.readNotification(tenant, `${tenant}-${id}`, 'alice', 6);
    const whole = await store.listNotifications({ tenant, userId: 'alice', now: 10, limit: 9 });
    assert.deepEqual(
      whole.map(({ notification }) => short(tenant, notification)),
      ['c', 'b', 'a', 'e', 'd'],
    );
    for (const limit of [1, 2, 3]) {
      const pages = [];
      for (let after: NotificationCursor | undefined, ended = false; !ended; ) {
        const page = await store.listNotifications({
          ...{ tenant, userId: 'alice', now: 10, limit },
          ...(after ? { after } : {}),
        });
        pages.push(...page);
        const last = page.at(-1);
        ended = page.length < limit;
        after = last && { isRead: last.readAt !== null, at: last.notification.at, id: last.notification.id };
      }
      assert.deepEqual(pages, whole);
    }
    await store.takeDueNotifications(90, 9);
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
    assert.deepEqual(await untold(tenant, 'alice', { now: 100 }), ['soon']);
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
      (await store.listNotifications({ tenant, userId, now: 2_099, limit: 9 })).map(({ notification }) =>
        short(tenant, notification),
      );
    // What other tests left behind.
    await purge(1_000, 1_000);
    await notify(tenant, 'expired', null, { at: 2_000, expiresAt: 2_100 });
    await notify(tenant, 'old', ['alice', 'bob', 'carol'], { at: 2_000 });
    await notify(tenant, 'kept', null, { at: 2_001, expiresAt: 9_000 });
    await notify(tenant, 'planned', null, { at: 2_000 }, false);
    await store.readNotification(tenant, `${tenant}-expired`, 'alice', 2_050);
    await store.readNotification(tenant, `${tenant}-kept`, 'alice', 2_050);
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
    await store.deleteUser(tenant, 'alice', 2);
    await store.createUser(newUser(tenant, 'alice'));
    assert.deepEqual(await untold(tenant, 'alice'), ['all']);
  });
}

function newNotification(tenant: string, id: string, changes: Partial<Notification>): Notification {
  const body = { title: 'A title', content: 'A content' };
  const fixed = { type: 'announcement', body, expiresAt: null, createdBy: 'admin', createdAt: 1 } as const;
  return { tenant, id, at: 1, ...fixed, ...changes };
}
