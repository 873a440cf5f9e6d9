import {
  type Close,
  closeOf,
  encodeSockJsClose,
  SOCKJS_HEARTBEAT_FRAME,
  SOCKJS_OPEN_FRAME,
} from '@haina/wire';
import { BaseConnection, type ConnectionOrigin } from '../base-connection.ts';
import type { TransportName } from '../connection.ts';
import type { Batch } from '../payload.ts';
import { WheelTimer } from '../timer-wheel.ts';
import type { BreakCause, Receiver } from './receiver.ts';

/** Where a session's frames go. The timer's meaning depends on the state. */
type SessionState =
  | { readonly name: 'receiving'; readonly receiver: Receiver } // until the next heart-beat
  | { readonly name: 'waiting'; readonly last: Receiver | undefined } // until the client is given up
  | { readonly name: 'closed'; readonly frame: string } // until forgotten
  | { readonly name: 'gone' };

/** Messages whose sender waits for its answer because the session is paused. */
interface Held {
  readonly messages: readonly string[];
  readonly answer: () => void;
}

/** What became of a client's messages: taken (its answer follows by callback), or too many are held already. */
export type Reception = 'taken' | 'overrun';

/** sockjs-client sends one request at a time; who sends many while we hold them back is no SockJS client. */
const MAX_HELD = 8;
/** Characters of held messages, in messages of the longest size: one request may be held whatever its size. */
const MAX_HELD_MESSAGES = 2;

const ANOTHER_RECEIVER = encodeSockJsClose(closeOf('sockjs-occupied'));
const INTERRUPTED = encodeSockJsClose(closeOf('sockjs-interrupted'));

/** A SockJS session over HTTP: receivers come and go, and between two of them messages wait. */
export class SockJsSession extends BaseConnection {
  readonly transport: TransportName;
  readonly carriesBinary = false;
  readonly #maxMessageBytes: number;
  readonly #forget: () => void;
  readonly #timer = new WheelTimer(() => this.#timeIsUp());
  #state: SessionState;
  #beats = true;
  #sentAt = 0;
  #paused = false;
  readonly #held: Held[] = [];

  /** @param forget called when the session may be forgotten, and its id be used anew */
  constructor(origin: ConnectionOrigin, receiver: Receiver, maxMessageBytes: number, forget: () => void) {
    super(origin);
    this.transport = receiver.format.transport;
    this.#maxMessageBytes = maxMessageBytes;
    this.#forget = forget;
    this.#state = { name: 'waiting', last: undefined };
    this.#adopt(receiver);
    this.#send(receiver, SOCKJS_OPEN_FRAME);
  }

  /** A client asks for frames. */
  attach(receiver: Receiver): void {
    switch (this.#state.name) {
      case 'receiving':
        receiver.finish(ANOTHER_RECEIVER);
        break;
      case 'closed':
        this.#repeatClose(receiver, this.#state.frame);
        break;
      case 'gone':
        receiver.finish(INTERRUPTED);
        break;
      case 'waiting':
        // Who has read an answer to its end knows of that end after we do.
        if (this.#state.last?.isDraining) {
          receiver.finish(ANOTHER_RECEIVER);
        } else {
          this.#adopt(receiver);
          this.flushNow();
        }
        break;
    }
  }

  /**
   * Takes messages of the client. `answer` is called once they were delivered and the layer above wants more.
   * Messages to a closed session vanish: its receiver is about to tell the client.
   */
  receive(messages: readonly string[], answer: () => void): Reception {
    if (this.#paused && this.isOpen) {
      if (!this.#canHold(messages)) return 'overrun';
      this.#held.push({ messages, answer });
      return 'taken';
    }
    for (const message of messages) this.#receiveOne(message);
    if (this.#paused && this.isOpen) this.#held.unshift({ messages: [], answer });
    else answer();
    return 'taken';
  }

  #canHold(messages: readonly string[]): boolean {
    if (this.#held.length === 0) return true;
    const held = this.#held.reduce((sum, { messages }) => sum + lengthOf(messages), lengthOf(messages));
    return this.#held.length < MAX_HELD && held <= MAX_HELD_MESSAGES * this.#maxMessageBytes;
  }

  /** Ends the session because a request body exceeded its limit. */
  refuseOversized(): void {
    this.end('oversized', closeOf('oversized'));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const next = this.#held.shift();
      if (next === undefined) return;
      this.receive(next.messages, next.answer);
    }
  }

  disableHeartbeat(): void {
    this.#beats = false;
    if (this.#state.name === 'receiving') this.context.timers.cancel(this.#timer);
  }

  protected sizeOf(batch: Batch): number {
    return batch.sockJsByteLength;
  }

  protected get backlog(): number {
    return this.#receiver?.backlog ?? 0;
  }

  protected get isIntact(): boolean {
    return this.#receiver?.isIntact ?? true;
  }

  get #receiver(): Receiver | undefined {
    switch (this.#state.name) {
      case 'receiving':
        return this.#state.receiver;
      case 'waiting':
        return this.#state.last;
      default:
        return undefined;
    }
  }

  protected get canTransmit(): boolean {
    return this.#state.name === 'receiving';
  }

  protected transmit(batches: readonly Batch[]): void {
    if (this.#state.name === 'receiving') this.#send(this.#state.receiver, join(batches));
  }

  protected sayGoodbye(close: Close): void {
    const frame = encodeSockJsClose(close);
    if (this.#state.name === 'receiving') this.#state.receiver.finish(frame);
    this.#stayClosed(frame);
  }

  hurry(): void {
    this.cut();
  }

  cut(): void {
    if (this.#state.name !== 'gone') this.#leave();
  }

  #adopt(receiver: Receiver): void {
    this.#state = { name: 'receiving', receiver };
    receiver.onBreak((cause) => this.#interrupted(cause));
    this.#sentAt = this.context.timers.now;
    this.#startHeartbeat(this.context.settings.sockJsHeartbeat);
  }

  /** Sends a frame through the current receiver, which may be full after it. */
  #send(receiver: Receiver, frame: string): void {
    this.#sentAt = this.context.timers.now;
    receiver.send(frame);
    if (!receiver.isOpen) this.#wait(receiver);
  }

  #wait(last: Receiver): void {
    this.#state = { name: 'waiting', last };
    this.context.timers.start(this.#timer, this.context.settings.sockJsSessionTimeout);
  }

  /** What was in flight is lost, and nobody knows how much: the session cannot go on. */
  #interrupted(cause: BreakCause): void {
    if (!this.isOpen) return;
    this.finish(cause);
    this.dropPending();
    this.#stayClosed(INTERRUPTED);
  }

  #stayClosed(frame: string): void {
    this.#state = { name: 'closed', frame };
    this.context.timers.start(this.#timer, this.context.settings.sockJsSessionTimeout);
    this.#release();
  }

  #release(): void {
    for (const { answer } of this.#held.splice(0)) answer();
  }

  /** What was written before the close still goes first, a polling client gets it in a response of its own. */
  #repeatClose(receiver: Receiver, frame: string): void {
    if (this.hasPending) receiver.send(join(this.takePending()));
    if (receiver.isOpen) receiver.finish(frame);
  }

  #receiveOne(message: string): void {
    const bytes = Buffer.byteLength(message);
    if (bytes > this.#maxMessageBytes) this.end('oversized', closeOf('oversized'));
    else this.deliver(message, false, bytes);
  }

  #startHeartbeat(delay: number): void {
    if (this.#beats && delay > 0) this.context.timers.start(this.#timer, delay);
    else this.context.timers.cancel(this.#timer);
  }

  #timeIsUp(): void {
    switch (this.#state.name) {
      case 'receiving':
        this.#beat(this.#state.receiver);
        break;
      case 'waiting':
        this.#giveUp(this.#state.last);
        break;
      case 'closed':
        this.#leave();
        break;
      case 'gone':
        break;
    }
  }

  /** A client that is still reading its last answer cannot ask for the next one. */
  #giveUp(last: Receiver | undefined): void {
    if (last?.isDraining) {
      this.#wait(last);
    } else {
      this.finish('timeout');
      this.#leave();
    }
  }

  #beat(receiver: Receiver): void {
    const period = this.context.settings.sockJsHeartbeat;
    const idle = this.context.timers.now - this.#sentAt;
    if (idle < period) {
      this.#startHeartbeat(period - idle);
    } else {
      this.#startHeartbeat(period);
      this.#send(receiver, SOCKJS_HEARTBEAT_FRAME);
    }
  }

  #leave(): void {
    this.#state = { name: 'gone' };
    this.context.timers.cancel(this.#timer);
    this.#release();
    this.#forget();
    this.gone();
  }
}

function lengthOf(messages: readonly string[]): number {
  return messages.reduce((sum, message) => sum + message.length, 0);
}

/** The messages of several batches as one array frame. */
function join(batches: readonly Batch[]): string {
  return `a[${batches.map((batch) => batch.sockJsStrings).join(',')}]`;
}
