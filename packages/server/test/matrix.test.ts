import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  DESK_DOORS,
  type DeskDoor,
  DIALECTS,
  type Dialect,
  type MatrixClient,
  type Person,
  type Place,
} from './support/matrix/clients.ts';
import {
  ACCEPTED,
  CHANGED,
  imChanged,
  imFirst,
  imMembership,
  MESSAGE,
  mimiSuccess,
  RECEIPT,
  type ReceiptStatus,
  roomJoined,
  roomLeft,
  type Said,
  SYNC_DONE,
} from './support/matrix/forms.ts';
import type { Told } from './support/matrix/heard.ts';
import { Scene } from './support/matrix/scene.ts';
import { OPERATIONS, type Operation, type Step, Walk } from './support/matrix/walk.ts';
import { startTestServer } from './support/server.ts';

type Tellings = Partial<Record<Dialect, readonly Told[]>>;

/** Dialects whose clients have a message as soon as it comes; a `mimi` client says so itself. */
const TAKING: readonly Dialect[] = ['xuqm', 'im', 'desk', 'room'];
const PICTURE = { url: 'https://example.com/海.jpg', text: '大海' };

/** Runs a walk for each door of the desk, with a server and five clients of its own. */
function testWalk(name: string, run: (scene: Scene, walk: Walk) => Promise<void>): void {
  for (const deskDoor of Object.keys(DESK_DOORS) as DeskDoor[]) {
    test(`${name}, the desk's client at ${deskDoor}`, async (t) => {
      const server = await startTestServer();
      const scene = await Scene.open(server, deskDoor);
      t.after(async () => {
        await scene.close();
        await server.stop();
      });
      const steps = new Walk(scene);
      for (const dialect of DIALECTS) await scene.come(dialect);
      await scene.settle();
      await run(scene, steps);
      if (process.env.HAINA_PRINT_MATRIX) for (const row of steps.rows) t.diagnostic(row);
    });
  }
}

function say({ people, clients }: Scene, by: Dialect, to: Place, id: string): [Said, () => void] {
  const said: Said = { by: people[by], to, id, text: `${by} 说 ${id}` };
  return [said, () => clients[by].say(to, id, said.text)];
}

function show({ people, clients }: Scene, by: Dialect, to: Place, id: string): [Said, () => void] {
  const said: Said = { by: people[by], to, id, text: '', picture: PICTURE };
  return [said, () => clients[by].show?.(to, id, PICTURE)];
}

/** What each of these clients is told of a message that somebody else wrote, the writer of its own, and of who has it. */
function tellingsOf({ people }: Scene, said: Said, readers: readonly Dialect[]): Tellings {
  const { dialect: by } = said.by;
  const taking = readers.filter((reader) => TAKING.includes(reader));
  const delivered = taking.flatMap((reader) => RECEIPT[by](said, people[reader], 'delivered'));
  const told = readers.map((reader) => [reader, [MESSAGE[reader](said, people[reader])]] as const);
  return { ...Object.fromEntries(told), [by]: [...ACCEPTED[by](said), ...delivered] };
}

/** What each client is told of a change that the writer made. */
function changeTellings({ people }: Scene, changed: Said): Tellings {
  const { dialect: by } = changed.by;
  const told = others(by).map((reader) => [reader, [MESSAGE[reader](changed, people[reader])]] as const);
  const all: Tellings = { ...Object.fromEntries(told), [by]: CHANGED[by](changed) };
  return by === 'im' ? all : { ...all, im: [...(all.im ?? []), ...imChanged(changed)] };
}

/** A `mimi` client confirms what it got, which its writer learns the first time. */
function confirmation({ people, clients }: Scene, said: Said, isFirst = true): Step {
  const { dialect: by } = said.by;
  return {
    operation: 'delivered',
    who: `mimi confirms ${by}'s ${said.id}`,
    act: () => clients.mimi.confirm?.(said.id),
    told: {
      [by]: isFirst ? RECEIPT[by](said, people.mimi, 'delivered') : [],
      mimi: [mimiSuccess('recive', said.id)],
    },
  };
}

/** What was written to a `room` client is its own already: its sign is taken, and changes nothing. */
function signing({ clients }: Scene, said: Said): Step {
  return {
    operation: 'delivered',
    who: `room signs for ${said.by.dialect}'s ${said.id}`,
    act: () => clients.room.sign?.(said.id),
    told: {},
  };
}

function reading({ people, clients }: Scene, said: Said, reader: Dialect): Step {
  const { dialect: by } = said.by;
  return {
    operation: 'read',
    who: `${reader} reads ${by}'s ${said.id}`,
    act: () => clients[reader].read?.(said.id),
    told: { [by]: RECEIPT[by](said, people[reader], 'read' satisfies ReceiptStatus) },
  };
}

const others = (dialect: Dialect): Dialect[] => DIALECTS.filter((other) => other !== dialect);

/** Dialects that have a command for it. */
const having = ({ clients }: Scene, command: keyof MatrixClient): Dialect[] =>
  DIALECTS.filter((dialect) => clients[dialect][command] !== undefined);

/** Who said something in single chats: a `room` has none, and at the `desk` one answers where others have written. */
const SPEAKERS: readonly Dialect[] = ['xuqm', 'im', 'mimi', 'desk'];

/** One person tells another, who takes note of it as far as its dialect can. */
async function tellOne(
  scene: Scene,
  steps: Walk,
  operation: Operation,
  [said, act]: [Said, () => void],
  isFirst = false,
) {
  const { dialect: by } = said.by;
  const { dialect: to } = said.to as Person;
  // A room's client is told of its rooms only: what is said to its user alone waits for another client.
  const told = tellingsOf(scene, said, to === 'room' ? [] : [to]);
  const im = isFirst && (by === 'im' || to === 'im') ? { im: [...(told.im ?? []), imFirst(said)] } : {};
  await steps.take({ operation, who: `${by} to ${to}`, act, told: { ...told, ...im } });
  if (to === 'mimi') await steps.take(confirmation(scene, said));
  if (having(scene, 'read').includes(to)) await steps.take(reading(scene, said, to));
}

for (const by of SPEAKERS) {
  testWalk(
    `what ${by} says or shows to one person comes to that person alone, and its writer learns of it`,
    async (scene, steps) => {
      const { people } = scene;
      for (const to of others(by)) {
        if (by === 'desk') {
          if (to === 'room') continue;
          await tellOne(scene, steps, 'send text', say(scene, to, people.desk, `${to} asks`), true);
        }
        await tellOne(scene, steps, 'send text', say(scene, by, people[to], `text to ${to}`), by !== 'desk');
        if (having(scene, 'show').includes(by)) {
          await tellOne(scene, steps, 'send image', show(scene, by, people[to], `picture to ${to}`));
        }
      }
    },
  );
}

testWalk(
  'five real clients hold one conversation: each sees what all others say in its own shape',
  async (scene, steps) => {
    // In this order a `mimi` client knows the group's number when it writes.
    for (const by of DIALECTS) {
      const [said, act] = say(scene, by, scene.group, `by ${by}`);
      const told = tellingsOf(scene, said, others(by));
      await steps.take({ operation: 'group message', who: by, act, told });
      if (by !== 'mimi') await steps.take(confirmation(scene, said));
      if (by !== 'room') await steps.take(signing(scene, said));
      for (const reader of having(scene, 'read').filter((one) => one !== by)) {
        await steps.take(reading(scene, said, reader));
      }
    }
    for (const by of having(scene, 'show')) {
      const [said, act] = show(scene, by, scene.group, `picture by ${by}`);
      await steps.take({
        operation: 'send image',
        who: `${by} to all`,
        act,
        told: tellingsOf(scene, said, others(by)),
      });
      await steps.take(confirmation(scene, said));
    }
  },
);

testWalk(
  'what is edited or taken back comes again in the closest form that each dialect has',
  async (scene, steps) => {
    for (const by of having(scene, 'revoke')) {
      const [said, act] = say(scene, by, scene.group, `${by} slips`);
      await steps.take({
        operation: 'group message',
        who: by,
        act,
        told: tellingsOf(scene, said, others(by)),
      });
      await steps.take(confirmation(scene, said));
      const edited = { ...said, text: `${by} 改了`, state: 'edited' } as const;
      const { edit, revoke } = scene.clients[by];
      if (edit) {
        await steps.take({
          operation: 'edit',
          who: by,
          act: () => edit(said.id, edited.text),
          told: changeTellings(scene, edited),
        });
        await steps.take(confirmation(scene, edited, false));
      }
      const recalled = { ...said, text: '', state: 'recalled' } as const;
      await steps.take({
        operation: 'revoke',
        who: by,
        act: () => revoke?.(said.id),
        told: changeTellings(scene, recalled),
      });
      await steps.take(confirmation(scene, recalled, false));
    }
  },
);

testWalk('who joins or leaves is told where the dialect has a form for it', async (scene, steps) => {
  const { group, newcomer } = scene;
  const from = { id: newcomer.id };
  const step = (operation: Operation, who: string, act: () => unknown, told: Tellings) =>
    steps.take({ operation, who, act, told });
  const members = `/groups/${group.id}/members`;
  await step('join', 'added through the API', () => scene.addNewcomer(), {
    im: [imMembership(group, newcomer.id, 'added')],
  });
  const joined = { room: [roomJoined(group, newcomer, null)] };
  await step('join', 'a client of room', () => newcomer.client.join(from, group.id), joined);
  await step('leave', 'a client of room', () => newcomer.client.leave(from, group.id), {
    room: [roomLeft(group, newcomer)],
  });
  await step('join', 'a client of room again', () => newcomer.client.join(from, group.id), joined);
  await step('leave', 'removed through the API', () => scene.manage('DELETE', `${members}/${newcomer.id}`), {
    im: [imMembership(group, newcomer.id, 'removed')],
    room: [roomLeft(group, newcomer)],
  });
});

/** The others talk while one is away: a text of each, one that is edited and one that is taken back. */
async function talkWithout(scene: Scene, steps: Walk, absent: Dialect): Promise<Said[]> {
  const present = others(absent);
  const tell = async (by: Dialect, id: string): Promise<Said> => {
    const [said, act] = say(scene, by, scene.group, id);
    const readers = present.filter((reader) => reader !== by);
    await steps.take({ operation: 'group message', who: by, act, told: tellingsOf(scene, said, readers) });
    return said;
  };
  const change = async (operation: 'edit' | 'revoke', changed: Said, act: () => unknown): Promise<Said> => {
    const told = { ...changeTellings(scene, changed), [absent]: [] };
    await steps.take({ operation, who: changed.by.dialect, act, told });
    return changed;
  };
  const all: Said[] = [];
  for (const by of present) all.push(await tell(by, `missed of ${by}`));
  const by = absent === 'im' ? 'desk' : 'im';
  const { edit, revoke } = scene.clients[by];
  const [early, slip] = [await tell(by, 'missed and edited'), await tell(by, 'missed and taken back')];
  const edited = { ...early, text: '改了', state: 'edited' } as const;
  all.push(await change('edit', edited, () => edit?.(early.id, edited.text)));
  all.push(await change('revoke', { ...slip, text: '', state: 'recalled' }, () => revoke?.(slip.id)));
  return all;
}

/** What the writers learn of one who has all this now; nobody is told who got what was taken back. */
function receiptsOf(self: Person, missed: readonly Said[]): Tellings {
  const told: Record<string, readonly Told[]> = {};
  for (const said of missed.filter(({ state }) => state !== 'recalled')) {
    const { dialect } = said.by;
    told[dialect] = [...(told[dialect] ?? []), ...RECEIPT[dialect](said, self, 'delivered')];
  }
  return told;
}

for (const dialect of DIALECTS) {
  testWalk(`a ${dialect} client that was away gets exactly what it missed, once`, async (scene, steps) => {
    const { clients, people, group } = scene;
    const self = people[dialect];
    const client = clients[dialect];
    // A mimi client learns the number of the group by which it writes.
    const [first, write] = say(scene, 'xuqm', group, 'first');
    await steps.take({
      operation: 'group message',
      who: 'xuqm',
      act: write,
      told: tellingsOf(scene, first, others('xuqm')),
    });
    await steps.take(confirmation(scene, first));
    await scene.go(dialect);
    const { marks } = scene;
    const missed = await talkWithout(scene, steps, dialect);
    const back = dialect === 'room' ? [roomJoined(group, self, [self])] : [];
    const told = {
      ...(TAKING.includes(dialect) ? receiptsOf(self, missed) : {}),
      [dialect]: [
        ...back,
        ...missed.map((said) => MESSAGE[dialect](said, self, 'synced')),
        ...SYNC_DONE[dialect](self, missed.length + scene.marks - marks),
      ],
    };
    const act = async (): Promise<void> => {
      await scene.come(dialect);
      await client.sync?.();
    };
    await steps.take({ operation: 'offline then sync', who: dialect, act, told });
    if (dialect === 'mimi') {
      // Changes of a conversation are known for good once all of it is confirmed.
      scene.confirmMarks(marks);
      for (const said of missed) await steps.take(confirmation(scene, said, said.state !== 'recalled'));
    }
    const again = client.again ?? client.sync;
    const nothing = dialect === 'room' ? [roomLeft(group, self), ...back] : SYNC_DONE[dialect](self, 0);
    await steps.take({
      operation: 'offline then sync',
      who: `${dialect} again`,
      act: () => again?.(),
      told: { [dialect]: nothing },
    });
  });
}

for (const page of ['matrix.md', 'matrix.zh-CN.md']) {
  test(`${page} has a row for every operation and a column for every dialect`, () => {
    const text = readFileSync(new URL(`../../../docs/protocols/${page}`, import.meta.url), 'utf8');
    const table = text.split('\n').filter((line) => line.startsWith('| '));
    const [head = [], ...rows] = table.map((line) =>
      line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')),
    );
    assert.deepEqual(
      head.slice(1).map((cell) => /`(.*)`/.exec(cell)?.[1]),
      [...DIALECTS],
    );
    assert.deepEqual(
      rows.map(([operation]) => operation),
      [...OPERATIONS],
    );
    for (const row of rows) assert.ok(row.length === head.length && row.every((cell) => cell !== ''));
  });
}
