import type { Policy } from '../../core/policies.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { drained, RESERVED_ROOM } from '../common/replay-target.ts';
import type { OpenSession } from '../common/stomp/binding.ts';
import { nameOf, type Target } from '../common/stomp/target.ts';
import type { Answers } from './answers.ts';
import { renderFact } from './business.ts';
import { renderConnected } from './system.ts';

/** Users who are asked for, and told to be online, before the connection has to take them. */
const PRESENCE_BATCH = 100;

/** Tells at a new subscription how things are. */
export function greet(
  session: OpenSession,
  answers: Answers,
  subscription: StompSubscription,
  target: Target,
): void {
  const name = nameOf(target);
  if (name === 'presence') greetWithPresence(session, answers, subscription);
  if (name === 'events') greetWithSession(session, answers, subscription);
}

function greetWithPresence(session: OpenSession, answers: Answers, subscription: StompSubscription): void {
  tellPresence(session, answers, subscription).catch((err: unknown) => {
    // Who has gone misses nothing.
    if (!session.stomp.connection.isOpen) return;
    session.services.log.warn({ err }, 'a session was not told who is online');
  });
}

/** Who is online already, in the form in which they come; changes may come in between. */
async function tellPresence(
  { services, stomp, chat, routes }: OpenSession,
  answers: Answers,
  subscription: StompSubscription,
): Promise<void> {
  const { presence, clock } = services;
  const { tenant } = chat.principal;
  const peers = await presence.peersOf(chat.principal);
  for (let from = 0; from < peers.length; from += PRESENCE_BATCH) {
    await drained(stomp.connection);
    // Asked for each batch: they may have gone while the connection took what came before.
    for (const { userId, status } of await presence.statusOf(
      tenant,
      peers.slice(from, from + PRESENCE_BATCH),
    )) {
      if (status !== 'online') continue;
      if (!routes.has(subscription) || subscription.room <= RESERVED_ROOM) return;
      const at = clock.now();
      const here = renderFact({ type: 'user.status', tenant, userId, status, at }, at);
      if (here) answers.tell(subscription, here);
    }
  }
}

function greetWithSession(
  { services, stomp, chat }: OpenSession,
  answers: Answers,
  subscription: StompSubscription,
): void {
  const tell = (policy: Policy) =>
    answers.tell(subscription, renderConnected(answers.addressee, chat, stomp, policy));
  const found = services.core.policies.of(chat.principal);
  if (!(found instanceof Promise)) tell(found);
  else
    found.then(tell).catch((err: unknown) => services.log.warn({ err }, 'a session was not told of itself'));
}
