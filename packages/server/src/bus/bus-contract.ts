import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Bus, BusEvents, BusMember } from './bus.ts';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 30_000;
/** What a node publishes to a server that takes nothing, and what may wait of it, in bytes. */
const FLOOD = 67_108_864;
const MAX_WAITING = 16_777_216;

/** A server that carries buses. */
export interface CarrierUnderTest {
  open(member: BusMember, events: BusEvents): Promise<Bus>;
  /** Ends it without a goodbye; `restart` brings it back. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Has it do nothing, as if its machine hung, and go on. */
  freeze(): void;
  thaw(): void;
  dispose(): Promise<void>;
}

/** A node on the bus, with what it was told. */
class Node implements BusEvents {
  readonly name: string;
  readonly bodies: string[] = [];
  readonly words: string[] = [];
  readonly failures: unknown[] = [];
  lost = 0;
  /** Told of each body before it is noted. */
  onBody: (body: Uint8Array) => void = () => {};
  bus!: Bus;
  readonly #told = new EventEmitter();

  constructor(name: string) {
    this.name = name;
  }

  received(channel: string, body: Uint8Array, from: string): void {
    this.onBody(body);
    this.bodies.push(`${channel} ${Buffer.from(body).toString('latin1')} from ${from}`);
    this.#told.emit('word');
  }
  connected(): void {
    this.#say('connected');
  }
  disconnected(reason: string): void {
    assert.notEqual(reason, '');
    this.#say('disconnected');
  }
  dropped(count: number): void {
    this.lost += count;
  }
  troubled(reason: string): void {
    this.#say(reason);
  }
  failed(error: unknown): void {
    this.failures.push(error);
  }

  say(channel: string, text: string): void {
    this.bus.publish(channel, Buffer.from(text, 'latin1'));
  }

  /** Resolves once it is so. */
  async until(isSo: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    try {
      while (!isSo()) await once(this.#told, 'word', { signal });
    } catch (cause) {
      throw new Error(`${this.name} got ${this.bodies.slice(-5)} and was told ${this.words}`, { cause });
    }
  }

  /** Resolves once this body was received, whoever sent it. */
  hears(body: string): Promise<void> {
    return this.until(() => this.bodies.some((one) => one.startsWith(`${body} from `)));
  }

  #say(word: string): void {
    this.words.push(word);
    this.#told.emit('word');
  }
}

/** What every bus promises. */
export function busContract(
  adapter: string,
  start: () => Promise<CarrierUnderTest>,
  skip: string | false,
): void {
  describe(`bus contract: ${adapter}`, { skip }, () => {
    let carrier: CarrierUnderTest;

    before(async () => {
      carrier = await start();
    });
    after(() => carrier.dispose());

    /** Nodes of a cluster of their own, which listen to `talk`. */
    async function join(t: TestContext, names: readonly string[], cluster: string = randomUUID()) {
      const nodes = names.map((name) => new Node(name));
      for (const node of nodes) {
        node.bus = await carrier.open({ node: node.name, cluster }, node);
        t.after(() => node.bus.close());
        await node.bus.listen(['talk']);
      }
      return nodes as [Node, Node, Node];
    }

    test('a body reaches all others in the order of its sender, and never the sender', async (t) => {
      const [ann, ben, cem] = await join(t, ['ann', 'ben', 'cem']);
      const count = 500;
      for (let i = 0; i < count; i++) ann.say('talk', `a${i}`);
      cem.say('talk', 'bye');
      await Promise.all([ben.hears(`talk a${count - 1}`), cem.hears(`talk a${count - 1}`)]);
      await Promise.all([ann.hears('talk bye'), ben.hears('talk bye')]);
      const said = Array.from({ length: count }, (_, i) => `talk a${i} from ann`);
      assert.deepEqual(
        ben.bodies.filter((one) => one.endsWith('ann')),
        said,
      );
      assert.deepEqual(cem.bodies, said);
      assert.deepEqual(ann.bodies, ['talk bye from cem']);
      assert.deepEqual([ann.lost, ben.lost, cem.lost], [0, 0, 0]);
    });

    test('the same body arrives as often as it was published', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      for (const text of ['same', 'same', 'same', 'end']) ann.say('talk', text);
      await ben.hears('talk end');
      assert.equal(ben.bodies.filter((one) => one.startsWith('talk same')).length, 3);
    });

    test('a node hears the channels that it listens to, until it ignores them', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      ann.say('other', 'unheard');
      ann.say('talk', '1');
      await ben.hears('talk 1');
      await ben.bus.listen(['other', 'third', 'talk', 'talk']);
      ann.say('other', 'heard');
      ann.say('talk', '2');
      await ben.hears('talk 2');
      ben.bus.ignore(['other', 'unknown']);
      ann.say('other', 'unheard');
      ann.say('third', '3');
      await ben.hears('third 3');
      assert.deepEqual(ben.bodies, [
        'talk 1 from ann',
        'other heard from ann',
        'talk 2 from ann',
        'third 3 from ann',
      ]);
    });

    test('what can be no channel is no channel', async (t) => {
      const [ann] = await join(t, ['ann']);
      for (const channel of ['', 'a.b', '*', '>', 'a b', 'x'.repeat(65)]) {
        await assert.rejects(ann.bus.listen([channel]), RangeError);
      }
    });

    test('clusters hear nothing of each other', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben'], 'one');
      const [zoe, yan] = await join(t, ['zoe', 'yan'], 'one-more');
      ann.say('talk', 'here');
      zoe.say('talk', 'there');
      await Promise.all([ben.hears('talk here'), yan.hears('talk there')]);
      ben.say('talk', 'end');
      yan.say('talk', 'end');
      await Promise.all([ann.hears('talk end'), zoe.hears('talk end')]);
      assert.deepEqual([ben.bodies.length, yan.bodies.length], [1, 1]);
    });

    test('any bytes are carried up to the limit; more are dropped, and what is behind them comes', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      const longest = randomBytes(ann.bus.maxBytes).toString('latin1');
      ann.bus.publish('talk', Buffer.alloc(ann.bus.maxBytes + 1));
      ann.say('talk', '');
      ann.say('talk', longest);
      await ben.hears(`talk ${longest}`);
      assert.equal(ann.lost, 1);
      assert.deepEqual(ben.bodies, ['talk  from ann', `talk ${longest} from ann`]);
    });

    test('a receiver that throws is told of, and gets what comes next', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      const fault = new Error('this body is not understood');
      ben.onBody = (body) => {
        if (body.length === 3) throw fault;
      };
      for (const text of ['bad', 'good', 'bad', 'fine']) ann.say('talk', text);
      await ben.hears('talk fine');
      assert.deepEqual(ben.failures, [fault, fault]);
      assert.deepEqual(ben.bodies, ['talk good from ann', 'talk fine from ann']);
    });

    test('what was published before the end is sent; after it nothing is, and nobody is told', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      for (let i = 0; i < 100; i++) ann.say('talk', `${i}`);
      await ann.bus.close();
      await ben.hears('talk 99');
      assert.equal(ben.bodies.length, 100);
      ann.say('talk', 'late');
      await ann.bus.listen(['other']);
      ann.bus.ignore(['talk']);
      await ann.bus.close();
      assert.equal(ann.lost, 1);
      assert.deepEqual([ann.words, ben.words], [[], []]);
    });

    test('a server that dies and comes back is told of once, and bodies flow again', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      await carrier.kill();
      await Promise.all([ann, ben].map((node) => node.until(() => node.words.includes('disconnected'))));
      ann.say('talk', 'lost');
      await ben.bus.listen(['other']);
      assert.equal(ann.lost, 1);
      await carrier.restart();
      await Promise.all([ann, ben].map((node) => node.until(() => node.words.includes('connected'))));
      ann.say('other', 'again');
      ann.say('talk', 'again');
      await ben.hears('talk again');
      assert.deepEqual(ben.bodies, ['other again from ann', 'talk again from ann']);
      assert.deepEqual([ann.words, ben.words], Array(2).fill(['disconnected', 'connected']));
    });

    test('of what a server does not take little is kept, and it is found to be away', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      carrier.freeze();
      try {
        const body = Buffer.alloc(ann.bus.maxBytes);
        const count = Math.ceil(FLOOD / body.length);
        for (let i = 0; i < count; i++) ann.bus.publish('talk', body);
        const kept = (count - ann.lost) * body.length;
        assert.ok(kept <= MAX_WAITING, `${kept} bytes wait`);
        await Promise.all([ann, ben].map((node) => node.until(() => node.words.includes('disconnected'))));
      } finally {
        carrier.thaw();
      }
      await Promise.all([ann, ben].map((node) => node.until(() => node.words.at(-1) === 'connected')));
      ann.say('talk', 'again');
      await ben.hears('talk again');
    });

    test('the end waits for no server that hangs, and for none that is away', async (t) => {
      const [ann, ben] = await join(t, ['ann', 'ben']);
      carrier.freeze();
      try {
        ann.say('talk', 'unheard');
        await ann.bus.close();
        await ben.until(() => ben.words.includes('disconnected'));
        await ben.bus.close();
      } finally {
        carrier.thaw();
      }
      assert.deepEqual([ann.words, ben.words], [[], ['disconnected']]);
    });
  });
}
