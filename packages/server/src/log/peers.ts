import type { Bus, BusEvents } from '../bus/bus.ts';
import type { LogEntry } from '../core/log/log-entry.ts';
import type { OtherNodes } from '../core/log/other-nodes.ts';
import type { Telling } from '../core/log/telling.ts';
import { type PlainTelling, toPlain } from '../core/log/told.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import { LogFollower } from './follower.ts';
import type { NodeLog } from './node-log.ts';
import type { CommittedRecord } from './record.ts';

/** Where nodes tell each other of records of the log, of what is told only, and that they come. */
const LOG_CHANNEL = 'log';
const TOLD_CHANNEL = 'told';
const NODES_CHANNEL = 'nodes';
const NOTHING = new Uint8Array();
/** Tellings that wait for the log; more are lost, as whatever is told only may be. */
const MAX_UNWRITTEN = 10_000;

export interface PeersDeps {
  readonly log: NodeLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Tells this node's sessions what another one did. May not throw. */
  tell(entry: LogEntry): void;
  /** What this node says of itself to the others. */
  report(): object;
  /** This node was silent for so long that others went on without it: whatever it has in memory may be stale. */
  lost(): void;
  onError(error: unknown): void;
}

/** This node among those that share its store: what they do is told here, and what this one does is told there. */
export class Peers implements OtherNodes {
  readonly #deps: PeersDeps;
  readonly #follower: LogFollower;
  #bus: Bus | undefined;
  /** What is told in this turn of the event loop. */
  #told: PlainTelling[] = [];
  /** What the bus can't carry. */
  #unwritten: PlainTelling[] = [];
  #writing: Promise<void> | undefined;

  constructor(deps: PeersDeps) {
    this.#deps = deps;
    this.#follower = new LogFollower({
      ...deps,
      maxHint: () => this.#bus?.maxBytes ?? 0,
      hint: (body) => this.#bus?.publish(LOG_CHANNEL, body),
      tell: (entries) => {
        for (const entry of entries) deps.tell(entry);
      },
    });
  }

  /** What the bus is to tell of what comes. */
  get listener(): Pick<BusEvents, 'received' | 'connected'> {
    return {
      received: (channel, body) => {
        if (channel === LOG_CHANNEL) this.#follower.hinted(body);
        else if (channel === NODES_CHANNEL) this.#follower.nodeCame();
        else this.#deps.tell({ type: 'told', tellings: JSON.parse(Buffer.from(body).toString()) });
      },
      connected: () => this.#follower.missed(),
    };
  }

  /** Takes a place among the nodes. To be called before anybody comes in. */
  async start(bus: Bus): Promise<void> {
    this.#bus = bus;
    await bus.listen([LOG_CHANNEL, TOLD_CHANNEL, NODES_CHANNEL]);
    await this.#follower.start();
    bus.publish(NODES_CHANNEL, NOTHING);
  }

  /** Resolves when it is the turn of what this node has committed; whoever waits tells of it at once. */
  committed(record: CommittedRecord): Promise<void> {
    return this.#follower.committed(record);
  }

  /**
   * Resolves once all is told here that other nodes have committed by now; undefined where there are none. For whoever would refuse
   * what another node has permitted a moment ago.
   */
  caughtUp(): Promise<void> | undefined {
    return this.areThere ? this.#follower.caughtUp() : undefined;
  }

  get areThere(): boolean {
    return this.#deps.log.hasOthers;
  }

  tell(telling: Telling): void {
    this.#told.push(toPlain(telling));
    if (this.#told.length === 1) setImmediate(() => this.#send());
  }

  /** Gives the place among the nodes up. */
  async close(): Promise<void> {
    this.#send();
    await this.#writing;
    await this.#follower.close();
  }

  /** What one turn brings goes in as few messages as the bus can carry. */
  #send(): void {
    const told = this.#told;
    this.#told = [];
    const maxBytes = this.#bus?.maxBytes ?? 0;
    let gathered: string[] = [];
    let length = 0;
    const flush = (): void => {
      if (gathered.length > 0) this.#bus?.publish(TOLD_CHANNEL, Buffer.from(`[${gathered.join()}]`));
      gathered = [];
      length = 0;
    };
    for (const telling of told) {
      const encoded = JSON.stringify(telling);
      const bytes = Buffer.byteLength(encoded) + 2;
      if (bytes > maxBytes) this.#write(telling);
      else {
        if (length + bytes > maxBytes) flush();
        gathered.push(encoded);
        length += bytes;
      }
    }
    flush();
  }

  #write(telling: PlainTelling): void {
    if (this.#unwritten.length >= MAX_UNWRITTEN) return;
    this.#unwritten.push(telling);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const tellings = this.#unwritten;
      this.#unwritten = [];
      try {
        await this.#follower.append([{ type: 'told', tellings }]);
      } catch (error) {
        // It is not stored: who missed it does not get it later.
        this.#deps.onError(error);
      }
    }
  }
}
