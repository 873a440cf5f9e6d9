import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import type { OpenSession } from '../common/stomp/binding.ts';
import { type InboxSync, syncInbox } from '../common/stomp/inbox-sync.ts';
import { sendJson } from '../common/stomp-shape.ts';
import type { StyleChoice } from './style.ts';

/** The sync that begins with the first subscription. */
const WELCOME: ReplayQuery = {};

/** The syncs of a session: one after the other, as the first one is the server's own. */
export class Syncs {
  readonly #session: OpenSession;
  readonly #style: StyleChoice;
  readonly #sync: InboxSync = {
    inbox: '/user/queue/messages',
    tellDone: (inbox, result, query) => this.#tellDone(inbox, result, query),
  };
  #syncing: Promise<void> | undefined;

  constructor(session: OpenSession, style: StyleChoice) {
    this.#session = session;
    this.#style = style;
  }

  /** @param prelude writes what comes before what was missed */
  welcome(prelude: () => Promise<void>): Promise<void> {
    return this.run(WELCOME, prelude);
  }

  run(query: ReplayQuery, prelude?: () => Promise<void>): Promise<void> {
    const run = () => syncInbox(this.#session, this.#sync, query, prelude);
    const syncing = this.#syncing ? this.#syncing.then(run, run) : run();
    this.#syncing = syncing;
    const done = (): void => {
      if (this.#syncing === syncing) this.#syncing = undefined;
    };
    syncing.then(done, done);
    return syncing;
  }

  #tellDone(inbox: StompSubscription, { count, complete, gone }: ReplayResult, query: ReplayQuery): void {
    if (query === WELCOME && this.#style.isChat) return;
    const verdict = { type: 'sync', count, complete, ...(gone ? { gone: [...gone] } : {}) } as const;
    sendJson(this.#session.stomp, inbox, verdict);
  }
}
