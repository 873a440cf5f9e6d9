import { type StompFrame, StompProtocolError } from '@haina/wire';
import { takeTokens } from './acknowledgements.ts';
import { requireHeader, StompTransactionError } from './errors.ts';
import type { FrameRunner } from './frame-runner.ts';
import type { SendOutcome } from './handler.ts';
import type { Subscription } from './subscriptions.ts';

/** How an accepted frame is answered. */
export interface Outcome {
  /** Further headers of its RECEIPT, if it asked one. */
  readonly receipt?: SendOutcome;
  /** What is to be done once the RECEIPT is written. */
  readonly afterwards?: () => void;
}

/** Carries out one frame. Throws or rejects where it is refused. */
export type Command = (runner: FrameRunner, frame: StompFrame) => MaybeOutcome | Promise<MaybeOutcome>;
export type MaybeOutcome = Outcome | undefined;

function send({ handler }: FrameRunner, frame: StompFrame): MaybeOutcome | Promise<MaybeOutcome> {
  requireHeader(frame, 'destination');
  const work = handler.send(frame);
  return work instanceof Promise ? work.then(confirmedWith) : confirmedWith(work);
}

function confirmedWith(receipt: SendOutcome): MaybeOutcome {
  return receipt && { receipt };
}

/** The RECEIPT goes before any MESSAGE of the subscription: `deliver` holds back until the subscription is opened. */
function subscribe(runner: FrameRunner, frame: StompFrame): MaybeOutcome | Promise<MaybeOutcome> {
  const subscription = runner.subscriptions.add(frame);
  if (subscription === undefined) return undefined;
  const open = { afterwards: (): void => openSubscription(runner, subscription) };
  const drop = (error: unknown): never => {
    runner.subscriptions.remove(subscription);
    throw error;
  };
  try {
    const work = runner.handler.subscribe(subscription);
    return work === undefined ? open : work.then(() => open, drop);
  } catch (error) {
    return drop(error);
  }
}

/** The client, or the end of the session, may have been faster than the handler. */
function openSubscription({ handler }: FrameRunner, subscription: Subscription): void {
  if (subscription.hasEnded) handler.unsubscribe(subscription);
  else subscription.open();
}

function unsubscribe({ subscriptions, handler }: FrameRunner, frame: StompFrame): undefined {
  const subscription = subscriptions.named(frame);
  if (subscription === undefined) return;
  const wasOpening = subscription.isOpening;
  subscriptions.remove(subscription);
  if (!wasOpening) handler.unsubscribe(subscription);
}

/** A RECEIPT says that it is stored; without one it may wait for others. */
function ack(
  { handler, subscriptions, version }: FrameRunner,
  frame: StompFrame,
): undefined | Promise<undefined> {
  const tokens = takeTokens(frame, version, subscriptions);
  if (tokens.length === 0) return undefined;
  handler.acknowledged(tokens);
  return frame.headers.has('receipt') ? handler.stored?.().then(() => undefined) : undefined;
}

function nack({ handler, subscriptions, version }: FrameRunner, frame: StompFrame): undefined {
  if (version === '1.0') {
    throw new StompProtocolError('Unknown command', 'STOMP 1.0 has no NACK.', { code: 'command' });
  }
  const tokens = takeTokens(frame, version, subscriptions);
  if (tokens.length > 0) handler.rejected(tokens);
}

function begin({ transactions }: FrameRunner, frame: StompFrame): undefined {
  transactions.begin(frame);
}

/** Its frames run in their order, each with its own RECEIPT; that of COMMIT follows when all are done. */
function commit(runner: FrameRunner, frame: StompFrame): undefined | Promise<undefined> {
  const outcomes = runner.transactions.end(frame).map((held) => runner.execute(held));
  const isDone = (outcome: boolean | Promise<boolean>): outcome is boolean => typeof outcome === 'boolean';
  return outcomes.every(isDone) ? checkCommitted(outcomes) : Promise.all(outcomes).then(checkCommitted);
}

function checkCommitted(outcomes: readonly boolean[]): undefined {
  const refused = outcomes.filter((isAccepted) => !isAccepted).length;
  if (refused > 0) throw new StompTransactionError(refused, outcomes.length);
}

function abort({ transactions }: FrameRunner, frame: StompFrame): undefined {
  transactions.end(frame);
}

/** The frames of a connected client; CONNECT and DISCONNECT are the session's own. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['SEND', send],
  ['SUBSCRIBE', subscribe],
  ['UNSUBSCRIBE', unsubscribe],
  ['ACK', ack],
  ['NACK', nack],
  ['BEGIN', begin],
  ['COMMIT', commit],
  ['ABORT', abort],
]);
