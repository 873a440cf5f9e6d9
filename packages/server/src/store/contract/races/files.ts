import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileMention, Picture } from '../../../core/ports/file-store.ts';
import { newMessage, recall, toGroup, toUser } from '../fixture.ts';
import { isDone, RACES, type RaceFixture, upTo } from './fixture.ts';

/** Older than what other tests leave, so that a sweep finds these first. */
const OLD = 1;
const FACTS = { name: 'a.txt', type: 'text/plain', size: 1, sha256: '00', extension: 'txt' };

/** Files between those who take them up and the sweep that takes what nothing holds. */
export function fileRaces({ one, other, turn, tenantWith, makeGroup }: RaceFixture): void {
  let nextFile = 0;

  /** Old files of alice, which nothing holds. */
  async function upload(tenant: string, count: number): Promise<string[]> {
    const ids = upTo(count).map(() => `race-${nextFile++}`);
    await Promise.all(
      ids.map(async (id) => {
        await one.reserveFile({ tenant, id, ownerId: 'alice', createdAt: OLD });
        await one.completeFile(tenant, id, FACTS);
      }),
    );
    return ids;
  }

  /** Takes each file up while both stores sweep: it is either held, or swept and the taking up refused. */
  async function race(ids: readonly string[], takeUp: (id: string, n: number) => Promise<unknown>) {
    const [taken, ...swept] = await Promise.all([
      Promise.allSettled(ids.map(takeUp)),
      one.takeUnusedFiles(OLD, 1000),
      other.takeUnusedFiles(OLD, 1000),
    ]);
    const gone = new Set(swept.flat());
    const held = ids.filter((_, n) => isDone(taken[n] as PromiseSettledResult<unknown>));
    assert.deepEqual(
      held.filter((id) => gone.has(id)),
      [],
      'nothing holds what was swept',
    );
    await one.dropFiles([...gone]);
    return held;
  }

  async function isSeen(tenant: string, viewerId: string, id: string): Promise<boolean> {
    return (await one.findFile({ tenant, id, viewerId, isManager: false })) !== undefined;
  }

  test('a file that a message takes up at once with the sweep is kept, or the message is refused', async () => {
    for (let n = 0; n < RACES; n++) {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const ids = await upload(tenant, 6);
      const send = (id: string, place: number) => {
        const target = place % 2 === 0 ? toUser('bob') : toGroup('team');
        return turn(place >> 1).appendMessage({
          ...newMessage(tenant, 'alice', target, id),
          files: [mention(id)],
        });
      };
      for (const id of await race(ids, send)) assert.ok(await isSeen(tenant, 'bob', id));
    }
  });

  test('a file that becomes a picture at once with the sweep is kept, or the picture is refused', async () => {
    for (let n = 0; n < RACES; n++) {
      const tenant = await tenantWith('alice', 'bob', 'carol', 'dave');
      await makeGroup(tenant, 'team', ['alice']);
      await makeGroup(tenant, 'crew', ['alice']);
      const ids = await upload(tenant, 6);
      const show = (id: string, place: number): Promise<unknown> => {
        const picture = pictureOf(id);
        const user = ['alice', 'bob', 'carol', 'dave'][place];
        if (user) return turn(place).updateUser(tenant, user, { picture });
        return turn(place).updateGroup(tenant, place === 4 ? 'team' : 'crew', { picture });
      };
      for (const id of await race(ids, show)) assert.ok(await isSeen(tenant, 'alice', id));
    }
  });

  test('of pictures that both choose at once the last one is held alone', async () => {
    for (let n = 0; n < RACES; n++) {
      const tenant = await tenantWith('alice', 'bob');
      const ids = await upload(tenant, 3);
      const show = (id: string, place: number) =>
        turn(place).updateUser(tenant, 'bob', { picture: pictureOf(id) });
      await show(ids[0] as string, 0);
      await Promise.all(ids.slice(1).map(show));
      const shown = (await one.findUser(tenant, 'bob'))?.avatar;
      const unused = await one.takeUnusedFiles(OLD, 1000);
      assert.deepEqual(
        ids.filter((id) => pictureOf(id).address !== shown),
        unused.filter((id) => ids.includes(id)).sort(),
      );
      await one.dropFiles(unused);
    }
  });

  test('a file that both let go of at once is unused', async () => {
    for (let n = 0; n < RACES; n++) {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const [id = ''] = await upload(tenant, 1);
      const sent = [];
      for (const target of [toUser('bob'), toGroup('team')]) {
        const message = { ...newMessage(tenant, 'alice', target, 'x'), files: [mention(id)] };
        sent.push((await one.appendMessage(message)).message);
      }
      const recalls = sent.map((message, place) =>
        turn(place).changeMessage({ ...recall(message), files: [], at: OLD }),
      );
      await Promise.all(recalls);
      const unused = await one.takeUnusedFiles(OLD, 1000);
      assert.ok(unused.includes(id));
      await one.dropFiles(unused);
    }
  });
}

function mention(id: string): FileMention {
  return { id, field: 'url', isOurs: true };
}

function pictureOf(id: string): Picture {
  return {
    address: `/files/${id}`,
    file: { ...mention(id), field: 'avatar' },
    by: { userId: 'alice', isManager: false },
    at: OLD,
  };
}
