import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MountPoint } from '../mount.ts';
import { respond, TEXT } from './http.ts';
import { Receiver, type ReceiverFormat, type ReceiverLimits } from './receiver.ts';
import { SockJsSession } from './session.ts';

/** The HTTP sessions of one mount point, by the id that their client chose. */
export class SessionTable {
  readonly maxMessageBytes: number;
  readonly #mount: MountPoint;
  readonly #limits: ReceiverLimits;
  readonly #sessions = new Map<string, SockJsSession>();

  constructor(mount: MountPoint, streamingLimit: number) {
    this.#mount = mount;
    this.maxMessageBytes = mount.maxMessageBytes;
    this.#limits = { streamingLimit, closeTimeout: mount.context.settings.closeTimeout };
  }

  find(id: string): SockJsSession | undefined {
    return this.#sessions.get(id);
  }

  receive(id: string, request: IncomingMessage, response: ServerResponse, format: ReceiverFormat): void {
    const { settings, events } = this.#mount.context;
    const session = this.#sessions.get(id);
    if (session !== undefined) {
      session.attach(new Receiver(response, format, this.#limits));
    } else if (this.#sessions.size < settings.maxSockJsSessions) {
      this.#open(id, request, new Receiver(response, format, this.#limits));
    } else {
      events.refused('sessions');
      respond(response, 503, TEXT, 'Too many sessions.\n');
    }
  }

  #open(id: string, request: IncomingMessage, receiver: Receiver): void {
    const origin = this.#mount.originOf(request);
    const forget = (): void => void this.#sessions.delete(id);
    const session = new SockJsSession(origin, receiver, this.maxMessageBytes, forget);
    this.#sessions.set(id, session);
    session.start(this.#mount.accept);
  }
}
