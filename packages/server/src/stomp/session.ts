import { type Close, closeOf, type StompFrame, StompProtocolError, type StompVersion } from '@haina/wire';
import type { CloseCause, Connection, ConnectionHandler } from '../transport/connection.ts';
import { Batch } from '../transport/payload.ts';
import {
  alreadyConnected,
  connectError,
  connectedHeaders,
  negotiate,
  notConnected,
  notConnectedInTime,
} from './connect.ts';
import { closeAfter, heartBeatMissed, internalError, notFinishedInTime } from './errors.ts';
import { FrameRunner } from './frame-runner.ts';
import type {
  ConnectedInfo,
  StompHandler,
  StompHandlerFactory,
  StompSubscription,
  TrackedDelivery,
} from './handler.ts';
import { HeartBeat, type HeartBeatTerms, NO_HEART_BEAT } from './heart-beat.ts';
import { Inbox } from './inbox.ts';
import type { StompContext, StompSettings } from './options.ts';
import { messagePayload, type OutgoingMessage, Output } from './output.ts';
import { type SessionState, type Sources, type StateName, type StateOf, transition } from './state.ts';

type OpenState = Exclude<SessionState, { name: 'closing' | 'closed' }>;

/**
 * One STOMP session over a connection, of any version (STOMP 1.2, with what 1.0 and 1.1 have differently).
 *
 * Bytes that may not be processed yet are not: while the handler authenticates, and while too much work is in flight,
 * they wait in the decoder and the connection is paused. Nothing here throws into the transport.
 */
export class StompSession implements ConnectionHandler {
  readonly connection: Connection;
  readonly #context: StompContext;
  readonly #output: Output;
  readonly #inbox: Inbox;
  readonly #handler: StompHandler;
  #state: SessionState;

  constructor(connection: Connection, handlerFactory: StompHandlerFactory, context: StompContext) {
    const { settings, events, timers } = context;
    this.connection = connection;
    this.#context = context;
    this.#output = new Output(connection, events);
    this.#inbox = new Inbox(
      connection,
      { isReady: () => this.#isReady(), receive: (frame) => this.#receive(frame) },
      settings,
    );
    this.#state = {
      name: 'connecting',
      cancelDeadline: timers.after(settings.connectTimeout, () =>
        this.fail(notConnectedInTime(settings.connectTimeout)),
      ),
    };
    this.#handler = handlerFactory(this);
  }

  get id(): string {
    return this.connection.id;
  }

  /** The version agreed on; 1.2 until then. */
  get version(): StompVersion {
    return this.#output.version;
  }

  /** What was agreed on; nothing until CONNECTED. */
  get heartBeat(): HeartBeatTerms {
    return this.#state.name === 'active' ? this.#state.heartBeat.terms : NO_HEART_BEAT;
  }

  get settings(): StompSettings {
    return this.#context.settings;
  }

  get state(): StateName {
    return this.#state.name;
  }

  /** The subscriptions that can be delivered to, in the order they were made. Empty unless connected. */
  *subscriptions(destination?: string): Iterable<StompSubscription> {
    if (this.#state.name !== 'active' && this.#state.name !== 'draining') return;
    for (const subscription of this.#state.runner.subscriptions) {
      if (destination === undefined || subscription.destination === destination) yield subscription;
    }
  }

  /**
   * Writes one message that no other session gets: an error, an answer, a message of a sync.
   *
   * @returns whether it was written: not where the subscription has ended, nor where the body is not valid UTF-8 and
   *   the transport carries text only
   */
  send(
    subscription: StompSubscription,
    message: OutgoingMessage,
    tracked?: readonly TrackedDelivery[],
  ): boolean {
    const payload = messagePayload(message, subscription, this.version);
    if (payload.binary && !this.connection.carriesBinary) return false;
    return subscription.deliver(Batch.of(payload), tracked);
  }

  /** Ends the session with an ERROR frame. @param frame the client's frame that is to blame, if one is */
  fail(error: StompProtocolError, frame?: StompFrame): void {
    const state = this.#state;
    if (!isOpen(state)) return;
    this.#context.events.protocolError(this.id, error);
    this.#output.error(error, error.receiptId ?? frame?.headers.get('receipt'));
    this.#end(state, closeAfter(error));
  }

  /** Ends the session without an ERROR frame. */
  close(close: Close = closeOf('normal')): void {
    const state = this.#state;
    if (isOpen(state)) this.#end(state, close);
  }

  onMessage(data: string | Buffer): void {
    if (this.#state.name === 'active') this.#state.heartBeat.heard();
    try {
      this.#inbox.push(data);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** The frames that were taken are carried out and reported; those that wait are not taken any more. */
  onStopping(): Promise<void> | void {
    const state = this.#state;
    if (state.name !== 'active' && state.name !== 'draining') return;
    this.#inbox.close();
    if (state.runner.inFlight === 0) return this.#sayGoodbye();
    return state.runner.idle().then(() => this.#sayGoodbye());
  }

  /** A DISCONNECT may have ended the session first. */
  #sayGoodbye(): void {
    if (this.#state.name === 'active') this.#handler.stopping?.();
  }

  onClose(cause: CloseCause): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    if (isOpen(state)) release(state);
    this.#move(state, { name: 'closed', cause });
    try {
      this.#handler.closed(cause);
    } catch (error) {
      this.#context.events.internalError(this.id, error);
    }
  }

  #move<To extends StateName>(from: StateOf<Sources<To>>, to: StateOf<To>): void {
    this.#state = transition(from, to, (left, entered) =>
      this.#context.events.transition(this.id, left, entered),
    );
  }

  /** Whether the next frame may be processed. */
  #isReady(): boolean {
    const state = this.#state;
    return state.name === 'connecting' || (state.name === 'active' && !state.runner.isSaturated);
  }

  #receive(frame: StompFrame): void {
    this.#context.events.frameIn(frame.command);
    try {
      this.#dispatch(frame);
    } catch (error) {
      this.#crash(error, frame);
    }
  }

  #read(): void {
    try {
      this.#inbox.read();
    } catch (error) {
      this.#crash(error);
    }
  }

  #dispatch(frame: StompFrame): void {
    const state = this.#state;
    const isConnect = frame.command === 'CONNECT' || frame.command === 'STOMP';
    if (state.name === 'connecting') {
      if (!isConnect) throw notConnected(frame.command);
      this.#connect(state, frame);
    } else if (state.name === 'active') {
      if (isConnect) throw alreadyConnected(frame.command);
      if (frame.command === 'DISCONNECT') this.#drain(state, frame);
      else state.runner.run(frame);
    }
  }

  /** CONNECT, up to where the handler takes over. */
  #connect(state: StateOf<'connecting'>, frame: StompFrame): void {
    const terms = negotiate(frame.headers, this.#context.settings);
    this.#inbox.version = terms.version;
    this.#output.version = terms.version;
    this.#move(state, { name: 'authenticating', terms, cancelDeadline: state.cancelDeadline });
    Promise.try(() => this.#handler.connect(frame, terms.version))
      .then(
        (info) => this.#connected(info),
        (reason: unknown) => this.fail(connectError(reason), frame),
      )
      .catch((error: unknown) => this.#crash(error, frame));
  }

  /** CONNECT, from where the handler accepted the client. */
  #connected(info: ConnectedInfo): void {
    const state = this.#state;
    if (state.name !== 'authenticating') return;
    const { version, heartBeat } = state.terms;
    state.cancelDeadline();
    this.#inbox.raiseLimit();
    this.#output.connected(connectedHeaders(state.terms, this.id, info, this.#context.settings));
    // Where only one side beats, the transport's own keep-alive still finds a dead peer, or keeps proxies awake.
    if (heartBeat.outgoing > 0 && heartBeat.incoming > 0) this.connection.disableHeartbeat();
    this.#move(state, {
      name: 'active',
      runner: this.#createRunner(version),
      heartBeat: new HeartBeat(heartBeat, this.connection, this.#context.timers, () =>
        this.#heartBeatMissed(),
      ),
    });
    this.#read();
  }

  #createRunner(version: StompVersion): FrameRunner {
    return new FrameRunner({
      handler: this.#handler,
      connection: this.connection,
      events: this.#context.events,
      output: this.#output,
      version,
      settings: this.#context.settings,
      fail: (error, frame) => this.fail(error, frame),
      settled: () => this.#settled(),
      internalError: (error) => this.#context.events.internalError(this.id, error),
    });
  }

  /** DISCONNECT: what is in flight is finished before the RECEIPT, which closes the session. */
  #drain(state: StateOf<'active'>, disconnect: StompFrame): void {
    const { runner, heartBeat } = state;
    heartBeat.stop();
    this.#inbox.close();
    const cancelDeadline = this.#context.timers.after(this.#context.settings.drainTimeout, () =>
      this.fail(notFinishedInTime(), disconnect),
    );
    this.#move(state, { name: 'draining', runner, disconnect, cancelDeadline });
    this.#settled();
  }

  /** Work was finished: there may be room for more, or nothing left to wait for. */
  #settled(): void {
    const state = this.#state;
    if (state.name === 'active') {
      // What was not read was no silence of the client's.
      if (this.#inbox.isPaused) state.heartBeat.heard();
      this.#read();
    }
    if (state.name !== 'draining' || state.runner.inFlight > 0) return;
    const receiptId = state.disconnect.headers.get('receipt');
    if (receiptId !== undefined) this.#output.receipt(receiptId);
    this.#end(state, closeOf('normal'));
  }

  #heartBeatMissed(): void {
    const state = this.#state;
    // A paused connection hears nothing: silence is no fault of the client.
    if (state.name === 'active' && !this.#inbox.isPaused) this.fail(heartBeatMissed());
  }

  #crash(error: unknown, frame?: StompFrame): void {
    if (error instanceof StompProtocolError) {
      this.fail(error, frame);
    } else {
      this.#context.events.internalError(this.id, error);
      this.fail(internalError(error), frame);
    }
  }

  #end(state: OpenState, close: Close): void {
    release(state);
    this.#move(state, { name: 'closing' });
    this.#inbox.close();
    this.connection.close(close);
  }
}

function isOpen(state: SessionState): state is OpenState {
  return state.name !== 'closing' && state.name !== 'closed';
}

/** Stops what goes on by itself in a state. */
function release(state: OpenState): void {
  if (state.name === 'active') state.heartBeat.stop();
  else state.cancelDeadline();
  if (state.name === 'active' || state.name === 'draining') state.runner.end();
}
