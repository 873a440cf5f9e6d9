import assert from 'node:assert/strict';
import { DIALECTS, type Dialect } from './clients.ts';
import { Facts } from './facts.ts';
import type { Told } from './heard.ts';
import type { Scene } from './scene.ts';

export const OPERATIONS = [
  'send text',
  'send image',
  'group message',
  'revoke',
  'edit',
  'delivered',
  'read',
  'join',
  'leave',
  'offline then sync',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Step {
  readonly operation: Operation;
  /** Who does what, such as `xuqm to im`. */
  readonly who: string;
  act(): unknown;
  /** Everything that the clients are told of it; those that are not named, nothing. */
  readonly told: Partial<Record<Dialect, readonly Told[]>>;
}

/** Takes steps one after the other and looks at what each of the five clients gets, all of it. */
export class Walk {
  readonly #scene: Scene;
  readonly #facts = new Facts();
  /** What was seen, for people to read. */
  readonly rows: string[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async take(step: Step): Promise<void> {
    await step.act();
    const { clients } = this.#scene;
    await Promise.all(
      DIALECTS.map((dialect) => clients[dialect].heard.count(step.told[dialect]?.length ?? 0)),
    );
    const heard = await this.#scene.settle();
    for (const dialect of DIALECTS) {
      const what = `${step.operation}, ${step.who}: ${dialect}`;
      this.#compare(what, heard[dialect], [...(step.told[dialect] ?? [])]);
      this.rows.push(
        `${step.operation} | ${step.who} | ${dialect} | ${heard[dialect].map(brief).join('; ')}`,
      );
    }
  }

  /** Messages must come in order; receipts of several people, and events beside messages, may come in any. */
  #compare(what: string, heard: readonly Told[], expected: Told[]): void {
    for (const told of heard) {
      const first = isReceipt(told) ? expected.length : expected.findIndex((one) => !isReceipt(one)) + 1;
      const index = expected.slice(0, first).findIndex((one) => this.#facts.fits(told, one));
      if (index === -1) assert.deepEqual(told, this.#facts.show(expected[0] ?? NOTHING), what);
      expected.splice(index, 1);
    }
    assert.deepEqual(
      expected.map((one) => this.#facts.show(one)),
      [],
      `${what} was not told`,
    );
  }
}

const NOTHING: Told = { at: 'nowhere', body: 'nothing more' };

function isReceipt({ at, body }: Told): boolean {
  return /receipts|status$|events$/.test(at) || (body as { type?: unknown }).type === 'receipt';
}

/** The values that say most, without those that the server chooses. */
function brief({ at, body }: Told): string {
  const words: string[] = [];
  JSON.stringify(body, (name, value: unknown) => {
    if (SAYING.has(name) && typeof value !== 'object') words.push(`${name}=${value}`);
    return value;
  });
  return `${at} ${[...new Set(words)].join(' ')}`;
}

const SAYING = new Set(
  (
    'type msgType dataType id clientMessageId clientMsgId chatID msgID messageId content text url status state ' +
    'recalled edited userId memberId updateType count'
  ).split(' '),
);
