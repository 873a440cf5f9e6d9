import { closeOf } from '@haina/wire';
import { DomainError, toDomainError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/model.ts';
import type { Connection, ConnectionHandler } from '../../transport/connection.ts';
import { parseJson } from '../common/json.ts';
import { closeOfRefusal, logRefused, logTooFast, sessionOver } from '../common/refused-client.ts';
import { type SessionState, transition } from '../common/session-state.ts';
import { COMMANDS, type Command } from './commands.ts';
import { ROOM, type RoomContext } from './context.ts';
import { Output } from './output.ts';
import { ALREADY_JOINED, renderRefusal } from './render.ts';
import { readMessage } from './schemas.ts';
import { SealBroken } from './sealing.ts';
import { Seats } from './seats.ts';
import { SilenceWatch } from './silence.ts';
import { admit, type Enter, type Visitor } from './visitor.ts';

/** Bytes of messages that wait for their turn. At this many the connection is not read any more, at the lower mark it is again. */
const HIGH_WATER = 262_144;
const LOW_WATER = 65_536;
/** What a message takes beside its text. */
const MESSAGE_BYTES = 1024;

type Inbound = { readonly data: string | Buffer; readonly binary: boolean; readonly bytes: number };

/**
 * The `room` side of one connection: its messages become commands of the core, one after the other, and whatever is
 * refused is answered without ending the connection.
 */
export class RoomHandler implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #context: RoomContext;
  readonly #output: Output;
  readonly #seats: Seats;
  readonly #silence: SilenceWatch;
  readonly #waiting: Inbound[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #state: SessionState<Visitor> = { name: 'opening' };
  #isWorking = true;
  /** Resolves once the message that was taken before a stop is answered. */
  #stopping: PromiseWithResolvers<void> | undefined;

  constructor(connection: Connection, context: RoomContext) {
    const { services, options } = context;
    this.#connection = connection;
    this.#context = context;
    this.#output = new Output(connection, context.counters);
    this.#seats = new Seats(connection, context, this.#output);
    this.#silence = new SilenceWatch(services.timers, options.heartbeat, () =>
      connection.close(closeOf('no-heart-beat')),
    );
    void this.#open();
  }

  onMessage(data: string | Buffer, binary: boolean): void {
    if (this.#stopping) return;
    this.#silence.heard();
    const bytes = MESSAGE_BYTES + data.length;
    this.#waiting.push({ data, binary, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes >= HIGH_WATER) this.#pause();
    if (!this.#isWorking) void this.#work();
  }

  onStopping(): Promise<void> | void {
    this.#forgetWaiting();
    this.#stopping = Promise.withResolvers();
    if (this.#isWorking && this.#state.name === 'open') return this.#stopping.promise;
  }

  onClose(): void {
    const state = this.#state;
    if (state.name === 'ended') return;
    const visitor = state.name === 'open' ? state.session : undefined;
    this.#state = transition(state, { name: 'ended', session: visitor });
    this.#silence.stop();
    this.#forgetWaiting();
    if (visitor?.principal) this.#seats.leaveAll(visitor.principal);
    visitor?.close();
  }

  async #open(): Promise<void> {
    try {
      this.#enter(
        await admit(this.#connection, this.#context, (end) => this.#endUnauthorized(sessionOver(end))),
      );
      await this.#work();
    } catch (error) {
      this.#orCrash(() => this.#refuseConnection(error));
    }
  }

  /** From here on everybody may know of a user's session. */
  #enter(enter: Enter): void {
    const state = this.#state;
    const visitor = enter();
    if (state.name !== 'opening') {
      visitor.close();
      return;
    }
    this.#state = transition(state, { name: 'open', session: visitor });
    if (visitor.sealing) this.#output.sealWith(visitor.sealing);
  }

  /** Takes what is waiting, in its order. Never rejects. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes;
      if (this.#waitingBytes <= LOW_WATER) this.#resume();
      if (this.#state.name === 'open') await this.#take(next, this.#state.session);
    }
    this.#isWorking = false;
    this.#stopping?.resolve();
  }

  #forgetWaiting(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.resume();
  }

  async #take(inbound: Inbound, visitor: Visitor): Promise<void> {
    try {
      const message = parseJson(await this.#plain(inbound, visitor));
      const command = this.#commandOf(message);
      await this.#admit(command, message, visitor);
      await command.run(
        { context: this.#context, visitor, seats: this.#seats, output: this.#output },
        message,
      );
    } catch (error) {
      // Who has gone is refused nothing any more.
      if (!this.#connection.isOpen) return;
      this.#orCrash(() => (error instanceof SealBroken ? this.#breakOff(error) : this.#refuse(error)));
    }
  }

  /** A client that can't even be told of its refusal is closed. */
  #orCrash(answer: () => void): void {
    try {
      answer();
    } catch (err) {
      this.#context.services.log.error({ err, dialect: ROOM }, 'a connection failed');
      this.#connection.close(closeOf('internal'));
    }
  }

  /** Plug-ins have a say in what users do. */
  async #admit({ name }: Command, message: unknown, { chat }: Visitor): Promise<void> {
    if (chat) await this.#context.services.plugins?.command(chat.facts, name, () => message as JsonValue);
  }

  async #plain({ data, binary }: Inbound, { sealing }: Visitor): Promise<Uint8Array> {
    if (sealing) return sealing.open(binary ? '' : data.toString());
    if (binary) throw new DomainError('EINVAL', 'messages must be text, not binary', { field: 'body' });
    return Buffer.from(data as Buffer);
  }

  #commandOf(message: unknown): Command {
    const { framesIn } = this.#context.services.metrics;
    const { msgType } = readMessage(message);
    const command = COMMANDS.get(msgType);
    framesIn.add(1, ROOM, command?.name ?? 'unknown');
    if (command) return command;
    const allowed = [...COMMANDS.keys()].join(', ');
    throw new DomainError('EINVAL', `msgType must be one of ${allowed}`, { field: 'msgType' });
  }

  #refuse(error: unknown): void {
    const refusal = this.#count(error);
    if (refusal.code === 'ERATE') {
      const visitor = this.#state.name === 'open' ? this.#state.session : undefined;
      const { services } = this.#context;
      logTooFast(services, ROOM, this.#connection.request, visitor?.principal?.userId, refusal);
    }
    this.#output.send(renderRefusal(textOf(refusal)));
  }

  #breakOff(error: SealBroken): void {
    this.#context.services.metrics.refusals.add(1, ROOM, 'EAUTH');
    this.#context.services.log.debug({ connection: this.#connection.id, dialect: ROOM }, error.message);
    this.#connection.close(closeOf(error.close));
  }

  #endUnauthorized(refusal: DomainError): void {
    this.#output.send(renderRefusal('Unauthorized'));
    this.#connection.close(closeOf(closeOfRefusal(refusal)));
  }

  #refuseConnection(error: unknown): void {
    // Who has gone is refused nothing any more.
    if (!this.#connection.isOpen) return;
    const refusal = this.#count(error);
    if (refusal.code !== 'EINTERNAL')
      logRefused(this.#context.services, ROOM, this.#connection.request, refusal);
    this.#output.send(renderRefusal(refusal.message));
    this.#connection.close(closeOf(closeOfRefusal(refusal)));
  }

  #count(error: unknown): DomainError {
    const refusal = toDomainError(error);
    const { metrics, log } = this.#context.services;
    metrics.refusals.add(1, ROOM, refusal.code);
    if (refusal.code === 'EINTERNAL') log.error({ err: refusal, dialect: ROOM }, 'a command failed');
    return refusal;
  }
}

/** In the document's own words where it has them. */
function textOf({ code, field, message }: DomainError): string {
  return code === 'ECONFLICT' && field === 'roomNumber' ? ALREADY_JOINED : message;
}
