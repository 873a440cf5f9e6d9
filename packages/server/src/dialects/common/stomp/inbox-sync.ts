import { DomainError } from '../../../core/errors.ts';
import type { ReplayResult } from '../../../hub/replay.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { ReplayQuery } from '../chat-session.ts';
import { replayTarget } from '../replay-target.ts';
import type { OpenSession } from './binding.ts';

/** How a dialect tells what its user missed. */
export interface InboxSync {
  /** The inbox's destination, for refusals to name. */
  readonly inbox: string;
  /** Whether everything is told at each inbox; else at the first. */
  readonly isToldAtAll?: boolean;
  /** Writes the verdict. @param subscription the first inbox's */
  tellDone(subscription: StompSubscription, result: ReplayResult, query: ReplayQuery): void | Promise<void>;
}

/**
 * Tells what the user missed, at the inbox. EINVAL without one; ECONFLICT while another sync runs.
 *
 * @param prelude writes what comes before it
 */
export async function syncInbox(
  { stomp, chat, routes }: OpenSession,
  { inbox, isToldAtAll = false, tellDone }: InboxSync,
  query: ReplayQuery,
  prelude?: () => Promise<void>,
): Promise<void> {
  if (chat.isReplaying) throw new DomainError('ECONFLICT', 'a sync of this session is still running');
  const inboxes = [...routes.inboxes()];
  const [first] = inboxes;
  if (!first) throw new DomainError('EINVAL', `subscribe to ${inbox} before a sync`);
  const target = replayTarget(stomp.connection, isToldAtAll ? inboxes : [first]);
  await chat.replay(target, query, (result) => tellDone(first.subscription, result, query), prelude);
}
