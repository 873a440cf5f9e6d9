import type { CoreEvent } from '../core/events.ts';
import type { Message, Principal, SeqRange } from '../core/model.ts';
import type {
  KnownRevisions,
  PendingCursor,
  PendingPage,
  PendingQuery,
} from '../core/ports/position-store.ts';
import { FanOut, type Shape } from './fan-out.ts';
import type { Isolation } from './isolation.ts';

/** A place where a replay tells everything. */
export interface ReplayOutlet {
  readonly shape: Shape;
  deliver(fanOut: FanOut): void;
}

/** Where a replay writes to, and what live events come by meanwhile. */
export interface ReplayTarget {
  readonly outlets: readonly ReplayOutlet[];
  /** How many more items the client takes before it must acknowledge some. */
  readonly room: number;
  readonly isOpen: boolean;
  /** Resolves when most of what was delivered is written, or the connection is closed. */
  drained(): Promise<void>;
}

/** What the replay reads from. */
export interface ReplaySource {
  pending(actor: Principal, query: Omit<PendingQuery, 'tenant' | 'userId'>): Promise<PendingPage>;
  /** Resolves once everything stored before has been published. */
  barrier(): Promise<void>;
  /** Revisions that no message bears are known to the user without being told. */
  knows(actor: Principal, revisions: PendingPage['revisions']): Promise<void>;
}

export interface ReplayResult {
  /** Messages told. */
  readonly count: number;
  /** False where more is waiting, as the client has to acknowledge first or too much came meanwhile. */
  readonly complete: boolean;
  /** What can't be told any more; absent where there is nothing such. */
  readonly gone?: readonly GoneRange[];
}

/** Sequences of a conversation that were removed, or that can't be told in this form. */
export interface GoneRange extends SeqRange {
  readonly conversationId: string;
}

/** Ranges that one verdict names; further ones are named by the next sync. */
const MAX_GONE = 500;

interface Held {
  readonly fanOut: FanOut;
  deliver(fanOut: FanOut): void;
}

/** Messages of one page: few at first, and more while they are small, so that a page stays near `PAGE_BYTES`. */
const FIRST_PAGE = 25;
const MAX_PAGE = 200;
const MIN_PAGE = 5;
const PAGE_BYTES = 262_144;
/** Live items held back during one replay, in bytes; beyond it they are left for the next one. */
const MAX_HELD_BYTES = 4_194_304;
/** What an event takes beside its bytes on the wire. */
const EVENT_BYTES = 1024;

/**
 * Tells one session what its user missed, in order, while live events go on: these are held back and follow after what
 * was missed, so that each conversation stays in sequence and no message is told twice. A change that was made meanwhile may
 * be: what a page tells of it already is not looked for among the held.
 */
export class Replay {
  readonly #principal: Principal;
  readonly #source: ReplaySource;
  readonly #target: ReplayTarget;
  readonly #isolation: Isolation;
  /** Highest sequence told, by conversation. */
  readonly #told = new Map<string, number>();
  /** Lowest sequence held back, by conversation: from there on live events tell everything, in order. */
  readonly #heldFrom = new Map<string, number>();
  #held: Held[] = [];
  #heldBytes = 0;
  #pageSize = FIRST_PAGE;
  #overflowed = false;
  #count = 0;
  readonly #gone: GoneRange[] = [];
  readonly #removed: KnownRevisions[] = [];

  constructor(principal: Principal, source: ReplaySource, target: ReplayTarget, isolation: Isolation) {
    this.#principal = principal;
    this.#source = source;
    this.#target = target;
    this.#isolation = isolation;
  }

  /** Takes a live fan-out that must wait. */
  hold(fanOut: FanOut, deliver: (fanOut: FanOut) => void): void {
    if (this.#overflowed) return;
    this.#heldBytes += fanOut.batch.byteLength + fanOut.items.length * EVENT_BYTES;
    if (this.#heldBytes > MAX_HELD_BYTES) {
      this.#overflowed = true;
      this.#held = [];
      return;
    }
    this.#held.push({ fanOut, deliver });
    for (const { event } of fanOut.items) this.#noteHeld(event);
  }

  /** Tells everything that the query finds. Rejects with what kept the store from answering. */
  async run(query: Pick<PendingQuery, 'conversationId' | 'sinceSeq' | 'order'>): Promise<ReplayResult> {
    let cursor: PendingCursor | undefined;
    do {
      const limit = Math.min(this.#pageSize, this.#target.room);
      if (limit < 1) return this.#result(false);
      const page = await this.#source.pending(this.#principal, {
        ...query,
        limit,
        ...(cursor ? { cursor } : {}),
      });
      await this.#tell(page);
      cursor = page.next;
    } while (cursor && this.#target.isOpen);
    await this.#catchUp();
    return this.#result(!this.#overflowed);
  }

  /** What was removed and is in the verdict: once that is told, nobody has to be told again. */
  get removed(): readonly KnownRevisions[] {
    return this.#removed;
  }

  #result(complete: boolean): ReplayResult {
    return { count: this.#count, complete, ...(this.#gone.length > 0 ? { gone: this.#gone } : {}) };
  }

  #noteRemoved(gone: readonly KnownRevisions[]): void {
    for (const { conversationId, ranges } of gone) {
      const named = ranges.slice(0, Math.max(0, MAX_GONE - this.#gone.length));
      if (named.length === 0) return;
      this.#gone.push(...named.map(({ from, to }) => ({ conversationId, from, to })));
      this.#removed.push({ conversationId, ranges: named });
    }
  }

  /** A message that no outlet has a form for is not told: it stays undelivered, and the verdict says so. */
  #noteUntold(told: readonly CoreEvent[], rendered: ReadonlySet<CoreEvent>): void {
    for (const event of told) {
      if (rendered.has(event) || !('message' in event) || this.#gone.length >= MAX_GONE) continue;
      const { conversationId, seq } = event.message;
      this.#gone.push({ conversationId, from: seq, to: seq });
    }
  }

  /** Passes on what was held back. To be called once no more is held. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const { fanOut, deliver } of held) {
      const items = fanOut.items.filter(({ event }) => !this.#wasTold(event));
      if (items.length > 0)
        this.#release(items.length === fanOut.items.length ? fanOut : new FanOut(items), deliver);
    }
  }

  /** One outlet that fails keeps nothing from the others. */
  #release(fanOut: FanOut, deliver: (fanOut: FanOut) => void): void {
    try {
      deliver(fanOut);
    } catch (error) {
      const events = fanOut.items.map(({ event }) => event);
      this.#isolation.failed('receive', error, events);
    }
  }

  async #tell({ messages, changedIds, revisions, gone = [] }: PendingPage): Promise<void> {
    this.#noteRemoved(gone);
    const changed = new Set(changedIds);
    const told = messages.flatMap((message) =>
      this.#comesLive(message) ? [] : [this.#eventOf(message, changed.has(message.id))],
    );
    const rendered = new Set<CoreEvent>();
    let bytes = 0;
    for (const { shape, deliver } of this.#target.outlets) {
      const items = this.#isolation.render(shape, told);
      if (items.length === 0) continue;
      for (const { event } of items) rendered.add(event);
      const fanOut = new FanOut(items);
      bytes += fanOut.batch.byteLength;
      deliver(fanOut);
    }
    this.#adaptPage(bytes);
    this.#count += rendered.size;
    this.#noteUntold(told, rendered);
    if (revisions.length > 0) await this.#source.knows(this.#principal, revisions);
    await this.#target.drained();
  }

  /** The next page is to be twice as long, or half as long. */
  #adaptPage(bytes: number): void {
    const factor = bytes > PAGE_BYTES ? 0.5 : 2;
    this.#pageSize = Math.min(MAX_PAGE, Math.max(MIN_PAGE, Math.floor(this.#pageSize * factor)));
  }

  #noteHeld(event: CoreEvent): void {
    if (event.type !== 'message.created') return;
    const { conversationId, seq } = event.message;
    if (!this.#heldFrom.has(conversationId)) this.#heldFrom.set(conversationId, seq);
  }

  /**
   * Whether a message of a page is told by a live event that was held, or will be. Pages have gaps there, as another
   * session of the user may have been delivered some meanwhile: only the live events are all of them.
   */
  #comesLive({ conversationId, seq }: Message): boolean {
    return seq >= (this.#heldFrom.get(conversationId) ?? Number.POSITIVE_INFINITY);
  }

  /** What the user already had was changed; all else is new to it, whatever happened to it since. */
  #eventOf(message: Message, isChanged: boolean): CoreEvent {
    const { conversationId, seq, state } = message;
    this.#told.set(conversationId, Math.max(seq, this.#told.get(conversationId) ?? 0));
    // Who changed it is not kept.
    if (isChanged && state !== 'normal')
      return { type: 'message.changed', change: state, message, actorId: '' };
    return { type: 'message.created', message, memberCount: 0 };
  }

  /** Waits until what the last page may have told already has also come by as a live event. */
  async #catchUp(): Promise<void> {
    await this.#source.barrier();
    // The hub gathers until the end of the tick before it fans out.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  #wasTold(event: CoreEvent): boolean {
    if (event.type !== 'message.created') return false;
    const { conversationId, seq } = event.message;
    return seq <= (this.#told.get(conversationId) ?? 0);
  }
}
