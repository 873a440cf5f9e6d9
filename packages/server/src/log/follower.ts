import type { LogEntry } from '../core/log/log-entry.ts';
import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import { SerialTask } from '../core/serial-task.ts';
import { decodeHint, encodePlace, encodeRecord } from './hint.ts';
import type { NodeLog } from './node-log.ts';
import { LogOrder } from './order.ts';
import type { CommittedRecord, NodeRecord, Positions } from './record.ts';

/** From one look at the log to the next, in ms, where no hint says that there is something. */
const POLL_INTERVAL = 1000;
/** From one sign of life to the next, in ms. */
const RENEW_INTERVAL = 3000;
/** How long a record may be on its way after others that came, in ms, before the log is read for it. */
const HINT_DELAY = 3;

export interface LogFollowerDeps {
  readonly log: NodeLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Longest hint that reaches other nodes, in bytes. */
  maxHint(): number;
  /** Hands a hint to the other nodes, at most once. */
  hint(body: Uint8Array): void;
  /** Tells this node's sessions what another one did. May not throw. */
  tell(entries: readonly LogEntry[]): void;
  /** What this node says of itself to the others. */
  report(): object;
  /** This node was silent for so long that others went on without it: whatever it has in memory may be stale. */
  lost(): void;
  onError(error: unknown): void;
}

/**
 * Follows what the other nodes do: by hints, which are fast and may be lost, and by the log, which has everything. Tells it to this
 * node's sessions, in an order in which everything comes after what it depends on.
 */
export class LogFollower {
  readonly #deps: LogFollowerDeps;
  readonly #order: LogOrder;
  readonly #task: SerialTask;
  #renewAt = 0;
  #pollAt = 0;
  #isAwaiting = false;
  #currentLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(deps: LogFollowerDeps) {
    this.#deps = deps;
    this.#order = new LogOrder({ tell: ({ entries }) => deps.tell(entries) });
    this.#task = new SerialTask({ ...deps, pauses: { first: 100, longest: 2000 }, run: () => this.#run() });
  }

  /** Takes a place among the nodes. To be called before anybody comes in. Rejects where the database can't be used. */
  async start(): Promise<void> {
    this.#order.start(await this.#deps.log.join());
    this.#task.ask();
  }

  /** Resolves when it is the turn of what this node has committed; whoever waits tells of it at once. */
  committed(record: CommittedRecord): Promise<void> {
    this.#announce(record);
    const turn = this.#order.committed(record);
    this.#look();
    return turn;
  }

  /** Tells other nodes what is not stored, by way of the log: where hints carry no more than places. */
  async append(entries: readonly LogEntry[]): Promise<void> {
    const record = await this.#deps.log.append(entries);
    if (record) await this.committed(record);
  }

  /** A hint of another node. Throws for one that can't be understood. */
  hinted(body: Uint8Array): void {
    const hint = decodeHint(body);
    if ('entries' in hint) this.#order.received(hint);
    else this.#order.heardOf(hint);
    this.#look();
  }

  /** Hints may have been lost. */
  missed(): void {
    this.#pollAt = 0;
    this.#task.ask();
  }

  /** Resolves once all is told here that other nodes have committed by now. Rejects where the log can't be read. */
  caughtUp(): Promise<void> {
    // Who asks while a look is under way needs the next one, and shares it with all who ask until then.
    this.#nextLook ??= this.#currentLook.then(() => {
      this.#nextLook = undefined;
      const look = this.#catchUp();
      this.#currentLook = look.catch(() => {});
      return look;
    });
    return this.#nextLook;
  }

  /** Another node came. */
  nodeCame(): void {
    this.#renewAt = 0;
    this.#task.ask();
  }

  /** Gives the place among the nodes up. */
  async close(): Promise<void> {
    await this.#task.close();
    this.#order.stop();
    await this.#deps.log.leave().catch((error: unknown) => this.#deps.onError(error));
    await this.#deps.log.close();
  }

  #announce({ writer, first, after, bodies }: CommittedRecord): void {
    const { hint } = this.#deps;
    const maxHint = this.#deps.maxHint();
    for (const [index, body] of bodies.entries()) {
      const place = { writer, n: first + index };
      const whole =
        body.length <= maxHint ? encodeRecord(place, index === 0 ? after : NOTHING, body) : undefined;
      hint(whole && whole.length <= maxHint ? whole : encodePlace(place));
    }
  }

  /** Reads the log for what is missing, unless it comes in a moment. */
  #look(): void {
    if (this.#isAwaiting || !this.#isMissing()) return;
    this.#isAwaiting = true;
    this.#deps.timers.after(HINT_DELAY, () => {
      this.#isAwaiting = false;
      if (this.#isMissing()) this.#task.ask();
    });
  }

  /** Whether there is something to be read. This node's own writers tell by themselves what they write. */
  #isMissing(): boolean {
    const { ownWriters } = this.#deps.log;
    for (const writer of this.#order.missing.keys()) if (!ownWriters.has(writer)) return true;
    return false;
  }

  async #run(): Promise<number> {
    const now = this.#deps.clock.now();
    if (isDue(this.#renewAt, RENEW_INTERVAL, now)) {
      if (!(await this.#renew())) await this.#begin();
      this.#renewAt = now + RENEW_INTERVAL;
    }
    if (isDue(this.#pollAt, POLL_INTERVAL, now) || this.#isMissing()) {
      while (!this.#task.isClosed && (await this.#read()));
      this.#pollAt = now + POLL_INTERVAL;
    }
    return Math.min(this.#renewAt, this.#pollAt);
  }

  async #catchUp(): Promise<void> {
    while (!this.#task.isClosed && (await this.#read()));
    await this.#order.told();
  }

  /** Returns whether this node has its place still. */
  async #renew(): Promise<boolean> {
    const { log, report } = this.#deps;
    return (await log.renew(report())) !== undefined;
  }

  /** Begins anew, knowing nothing. */
  async #begin(): Promise<void> {
    const { log, lost } = this.#deps;
    this.#order.stop();
    const positions = await log.join();
    lost();
    this.#order.start(positions);
  }

  /** Returns whether there may be more. */
  async #read(): Promise<boolean> {
    const records = await this.#deps.log.read(this.#order.positions);
    if (this.#hasGap(records)) {
      await this.#begin();
      return true;
    }
    for (const record of records) this.#order.received(record);
    return records.length > 0;
  }

  /** Whether something is gone from the log that this node has not read. */
  #hasGap(records: readonly NodeRecord[]): boolean {
    const { positions } = this.#order;
    const seen = new Map<string, number>();
    for (const { writer, n } of records) {
      const before = seen.get(writer) ?? positions.get(writer) ?? 0;
      if (n > before + 1) return true;
      seen.set(writer, Math.max(n, before));
    }
    return false;
  }
}

const NOTHING: Positions = new Map();

/** Whether it is time for what is done once an interval, in ms. It is further away only once the clock was set back. */
function isDue(at: Timestamp, interval: number, now: Timestamp): boolean {
  return now >= at || at > now + interval;
}
