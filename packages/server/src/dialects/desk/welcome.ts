import type { DeskOut } from '@haina/wire';
import { isAtDesk } from '../../core/desk/access.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { OpenSession } from '../common/stomp/binding.ts';
import type { Target } from '../common/stomp/target.ts';
import { sendJson } from '../common/stomp-shape.ts';
import { DESK } from './catalog.ts';
import { renderSessionStatus } from './chat-render.ts';
import { renderBoard, renderEnded, renderHistory, renderView } from './render.ts';
import { MAX_HISTORY } from './schemas.ts';
import type { StyleChoice } from './style.ts';
import type { Syncs } from './syncs.ts';

/** Tells one who comes how things are. */
export class Welcome {
  readonly #session: OpenSession;
  readonly #style: StyleChoice;
  readonly #syncs: Syncs;
  #isWelcomed = false;

  constructor(session: OpenSession, style: StyleChoice, syncs: Syncs) {
    this.#session = session;
    this.#style = style;
    this.#syncs = syncs;
  }

  /** @param target of a subscription that was accepted just now */
  subscribed(subscription: StompSubscription, target: Target): void {
    if (target.kind === 'replies' && target.name === 'reply') this.#style.guessChat();
    if (target.kind === 'topic' && target.name === 'agents') this.#inform(this.#tellBoard(subscription));
    else if (!this.#isWelcomed && target.kind === 'inbox') {
      this.#isWelcomed = true;
      // Begins before anything live comes by: that waits until what was missed is told.
      this.#inform(this.#syncs.welcome(() => this.#tellOpen(subscription)));
    }
  }

  async #tellBoard(subscription: StompSubscription): Promise<void> {
    const { services, stomp, chat } = this.#session;
    const board = await services.core.desk.reports.board(chat.principal);
    sendJson(stomp, subscription, renderBoard(board));
  }

  /** Tells which sessions the user has and, a customer, what was said in its own. */
  async #tellOpen(subscription: StompSubscription): Promise<void> {
    const { services, stomp, chat } = this.#session;
    const { sessions } = services.core.desk;
    const { principal } = chat;
    const tell = (body: DeskOut) => sendJson(stomp, subscription, body);
    const open = await sessions.openOf(principal);
    const ended =
      open.length === 0 && !isAtDesk(principal) ? await sessions.endedAlone(principal) : undefined;
    if (this.#style.isChat) {
      const known = ended ? [ended] : open.map(({ session }) => session);
      for (const session of known) sendJson(stomp, subscription, renderSessionStatus(session));
      return;
    }
    for (const body of open.flatMap(renderView)) tell(body);
    if (ended) tell(renderEnded(ended));
    if (isAtDesk(principal)) return;
    for (const { session } of open) {
      const page = await sessions.history(principal, session.id, { limit: MAX_HISTORY });
      tell(renderHistory(session.id, page));
    }
  }

  /** What does not come now, as the store is out of reach, comes at the next subscription. */
  #inform(telling: Promise<void>): void {
    telling.catch((err: unknown) => {
      this.#session.services.log.warn({ err, dialect: DESK }, 'a client was not told what it missed');
    });
  }
}
