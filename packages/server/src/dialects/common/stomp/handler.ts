import type { StompFrame } from '@haina/wire';
import { storeUnavailable } from '../../../core/errors.ts';
import type { SessionEnd } from '../../../hub/sessions.ts';
import type { Trace } from '../../../hub/trace.ts';
import type { ConnectedInfo, SendOutcome, StompHandler, StompSubscription } from '../../../stomp/handler.ts';
import type { StompSession } from '../../../stomp/session.ts';
import type { ChatSession } from '../chat-session.ts';
import { sessionOver } from '../refused-client.ts';
import type { DialectServices } from '../services.ts';
import { type SessionState, transition } from '../session-state.ts';
import { type AdmittedClient, admitClient } from './admission.ts';
import type { DialectSession, OpenSession, StompBinding } from './binding.ts';
import { destinationOf, runCommand } from './commands.ts';
import { Refusals } from './refusals.ts';
import { Routes } from './routes.ts';
import { Subscriptions } from './subscriptions.ts';

/** An open session with what serves it. */
interface Served {
  readonly session: OpenSession;
  readonly dialect: DialectSession;
  readonly subscriptions: Subscriptions;
}

/**
 * The server's side of a STOMP session in any dialect: each kind of frame goes to the part that is for it, and all of them
 * live as long as the session.
 */
export class StompDialectHandler implements StompHandler {
  readonly #services: DialectServices;
  readonly #binding: StompBinding;
  readonly #stomp: StompSession;
  readonly #refusals: Refusals;
  #state: SessionState<Served> = { name: 'opening' };

  constructor(services: DialectServices, binding: StompBinding, stomp: StompSession) {
    this.#services = services;
    this.#binding = binding;
    this.#stomp = stomp;
    this.#refusals = new Refusals(services, binding, stomp.connection);
  }

  async connect(frame: StompFrame): Promise<ConnectedInfo> {
    try {
      const client = await admitClient(this.#services, this.#binding, this.#stomp, frame, {
        onEnd: (reason) => this.#end(reason),
      });
      await this.#enter(client);
      return { userName: client.userName };
    } catch (error) {
      throw this.#refusals.ofConnect(error);
    }
  }

  /** From here on everybody may know of the session. Throws where its connection ended first. */
  #enter({ opening, admission }: AdmittedClient): Promise<void> | void {
    const state = this.#state;
    if (state.name !== 'opening') {
      opening.abandon();
      throw sessionOver();
    }
    const session = this.#sessionOf(opening.enter());
    const dialect = admission.open(session);
    const subscriptions = new Subscriptions(session, dialect);
    this.#state = transition(state, { name: 'open', session: { session, dialect, subscriptions } });
    return dialect.entered?.();
  }

  #sessionOf(chat: ChatSession): OpenSession {
    return {
      services: this.#services,
      dialect: this.#binding.dialect,
      stomp: this.#stomp,
      chat,
      routes: new Routes(),
    };
  }

  subscribe(subscription: StompSubscription): void | Promise<void> {
    return this.#served.subscriptions.subscribe(subscription);
  }

  unsubscribe(subscription: StompSubscription): void {
    this.#served.subscriptions.unsubscribe(subscription);
  }

  send(frame: StompFrame): Promise<SendOutcome> {
    const { session, dialect, subscriptions } = this.#served;
    const { waiting } = subscriptions;
    if (waiting) return waiting.then(() => runCommand(session, dialect, frame));
    return runCommand(session, dialect, frame);
  }

  acknowledged(tokens: readonly unknown[]): void {
    const traces = tokens.filter((token) => token !== undefined) as Trace[];
    this.#served.session.chat.acknowledged(traces);
  }

  async stored(): Promise<void> {
    const { deliveries } = this.#services;
    if (!(await deliveries.flush())) throw storeUnavailable(new Error('acknowledgements were not stored'));
  }

  /** What a client refuses stays undelivered and comes again at its next sync. */
  rejected(): void {}

  refuse(error: unknown, frame: StompFrame): void {
    const { session, dialect } = this.#served;
    const refusal = this.#refusals.ofFrame(error, session.chat.principal.userId);
    dialect.tellRefusal(refusal, frame, destinationOf(this.#services, session.dialect, frame));
  }

  stopping(): void {
    if (this.#state.name === 'open') this.#state.session.dialect.ending?.('server-stopping');
  }

  /** Leaves nothing of the session behind. */
  closed(): void {
    const state = this.#state;
    if (state.name === 'ended') return;
    const served = state.name === 'open' ? state.session : undefined;
    this.#state = transition(state, { name: 'ended', session: served });
    if (!served) return;
    served.subscriptions.close();
    served.session.chat.close();
    served.dialect.left?.();
  }

  #end(reason: SessionEnd): void {
    this.#served.dialect.ending?.(reason);
    this.#stomp.fail(this.#refusals.unauthorized(sessionOver(reason)));
  }

  /** The session, from when it is open. */
  get #served(): Served {
    const state = this.#state;
    const served = state.name === 'opening' ? undefined : state.session;
    if (!served) throw new Error('the session was never open');
    return served;
  }
}
