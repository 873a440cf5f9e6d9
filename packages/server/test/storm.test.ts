import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Random } from './support/fuzz/random.ts';
import { DIALECTS, type Person } from './support/matrix/clients.ts';
import { MARK } from './support/matrix/heard.ts';
import type { AckMode } from './support/real-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { Device } from './support/storm/device.ts';
import { Link } from './support/storm/link.ts';
import { Storm } from './support/storm/storm.ts';
import { tokenOf } from './support/token.ts';

const SEED = Number(process.env.HAINA_STORM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 700;
const ADMIN = tokenOf('admin', { role: 'admin' });
const GROUP = { id: 'five', name: '五湖四海' };
/** A group with a `room` client for one who is in a room is there to be told; the other dialects have two people each. */
const PEOPLE = [...DIALECTS, ...DIALECTS.filter((dialect) => dialect !== 'room')];

interface Stored {
  readonly clientId: string;
  readonly senderId: string;
  readonly content: { readonly text: string };
  readonly state: string;
}

/** The server and the people around it; what has to end is ended after the test. */
class World {
  readonly #t: TestContext;
  readonly #dataDir: string;
  server!: TestServer;

  private constructor(t: TestContext, dataDir: string) {
    this.#t = t;
    this.#dataDir = dataDir;
  }

  static async open(t: TestContext): Promise<World> {
    const world = new World(t, await mkdtemp(join(tmpdir(), 'haina-storm-')));
    await world.start();
    t.after(async () => {
      await world.server.stop();
      await rm(world.#dataDir, { recursive: true });
    });
    return world;
  }

  async start(): Promise<void> {
    this.server = await startTestServer({ dataDir: this.#dataDir });
  }

  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.server.call(method, `/api/v1${path}`, ADMIN, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer.body as T;
  }

  async people(ack: AckMode): Promise<Device[]> {
    const devices = await Promise.all(PEOPLE.map((_, index) => this.#device(index, ack)));
    const members = devices.map(({ person }) => ({ userId: person.id }));
    await this.call('POST', '/groups', { ...GROUP, members });
    return devices;
  }

  async stored(conversationId: string): Promise<Stored[]> {
    const all: Stored[] = [];
    for (let before = ''; ; ) {
      const path = `/conversations/${encodeURIComponent(conversationId)}/messages?limit=100${before}`;
      const { messages } = await this.call<{ messages: (Stored & { seq: number })[] }>('GET', path);
      all.unshift(...messages);
      const [oldest] = messages;
      if (!oldest || oldest.seq === 1) return all.filter(({ content }) => !content.text.startsWith(MARK));
      before = `&before=${oldest.seq}`;
    }
  }

  async #device(index: number, ack: AckMode): Promise<Device> {
    const dialect = PEOPLE[index] as Person['dialect'];
    const id = `${dialect}-${index}`;
    const user = await this.call<Omit<Person, 'dialect'>>('POST', '/users', { id, username: `名-${id}` });
    const link = await Link.open(() => this.server);
    this.#t.after(() => link.close());
    return new Device({ group: GROUP, ack }, { ...user, dialect }, link);
  }
}

/** A client of mimi learns the group's number by a message of it, which nobody may have told it so far. */
async function greet(devices: readonly Device[]): Promise<void> {
  const [one, ...others] = devices as [Device, ...Device[]];
  const mark = `${MARK}0-${one.person.id}`;
  one.say(GROUP, mark, mark);
  await Promise.all(others.map((device) => device.text(mark)));
}

/** Resolves once the server has done all that the devices asked for, and each has everything that was to be told. */
async function settle(devices: readonly Device[]): Promise<void> {
  await greet(devices);
  // What one tick of the server stores it tells before the next one's.
  for (const round of [1, 2]) {
    const marks = devices.map((device) => [device, `${MARK}${round}-${device.person.id}`] as const);
    for (const [device, mark] of marks) device.say(GROUP, mark, mark);
    const hear = async (device: Device): Promise<void> => {
      for (const [by, mark] of marks) if (by !== device) await device.text(mark);
    };
    await Promise.all(devices.map(hear));
  }
  for (const device of devices) device.look();
}

/** Where what a device has differs from what is stored. */
function differences(device: Device, conversationId: string, stored: readonly Stored[]): string[] {
  const { id, dialect } = device.person;
  const isParty =
    conversationId === GROUP.id || (dialect !== 'room' && conversationId.split(':').includes(id));
  if (!isParty) return [];
  return stored
    .filter(({ senderId }) => senderId !== id)
    .map(({ clientId, content, state }) => [clientId, state === 'recalled' ? '' : content.text] as const)
    .filter(([clientId, text]) => (device.textOf(clientId) ?? '') !== text)
    .map(([clientId, text]) => `${id} has ${device.textOf(clientId)} and not ${text} in ${conversationId}`);
}

async function weather(t: TestContext, ack: AckMode, leave: (device: Device) => void | Promise<void>) {
  t.diagnostic(`HAINA_STORM_SEED=${SEED}`);
  const world = await World.open(t);
  const devices = await world.people(ack);
  const storm = new Storm(GROUP, devices, new Random(SEED), leave);
  await storm.rage(STEPS);
  await world.server.stop();
  for (const device of devices) device.lost();
  await world.start();
  await storm.rage(STEPS);
  await Promise.all(devices.filter(({ state }) => state === 'away').map((device) => device.come()));
  await settle(devices);
  const wrong: string[] = [];
  let count = 0;
  for (const conversation of storm.conversations) {
    const stored = await world.stored(conversation);
    count += stored.length;
    for (const device of devices) wrong.push(...differences(device, conversation, stored));
  }
  await Promise.all(devices.map((device) => device.go()));
  t.diagnostic(`${count} messages in ${storm.conversations.size} conversations`);
  assert.deepEqual(wrong, []);
  assert.ok(count > STEPS / 20, `only ${count} messages were stored`);
}

test('whoever comes and goes, and a restart: in the end everybody has everything as it is', (t) =>
  weather(t, 'auto', (device) => (device.person.dialect === 'mimi' ? device.cut() : device.go())));

test('connections that break lose nothing that was not acknowledged', (t) =>
  weather(t, 'client-individual', (device) =>
    device.person.dialect === 'room' ? device.go() : device.cut(),
  ));
