import type { FileMention } from '../../../core/ports/file-store.ts';
import type { MessageTarget, NewMessage } from '../../../core/ports/store.ts';
import { type Call, call } from '../call.ts';
import { GUESTS, NODES, NOWHERE, SKILLS } from '../world.ts';
import { actorOf, conversationOf, type Makers, type Making, memberOf } from './maker.ts';
import { contentOf, mentionOf, reasonOf } from './parts.ts';

const ANYWHERE = ['actor', 'conversation'] as const;

export const MESSAGE_MAKERS: Makers = {
  appendMessage: { weight: 55, bursts: ['actor', 'conversation', 'desk'], make: appendMessage },
  changeMessage: { weight: 14, bursts: ANYWHERE, make: changeMessage },
  findMessage: { weight: 4, bursts: ANYWHERE, make: findMessage },
  hideMessage: { weight: 5, bursts: ANYWHERE, make: hideMessage },
  pinMessage: { weight: 5, bursts: ANYWHERE, make: (making) => pin('pinMessage', making) },
  unpinMessage: { weight: 4, bursts: ANYWHERE, make: (making) => pin('unpinMessage', making) },
};

function appendMessage(making: Making): Call {
  const { tenant, dice, world, focus } = making;
  if (tenant.sent.length > 0 && dice.oneIn(10)) return repeat(making);
  const target = targetOf(making);
  const guest = isOfRoom(making, target) && dice.oneIn(2) ? dice.pick(GUESTS) : undefined;
  const senderId = focus?.of === 'actor' ? focus.userId : (guest?.id ?? senderTo(making, target));
  const id = world.newId('m');
  return call('appendMessage', {
    tenant: tenant.id,
    id,
    clientId: dice.oneIn(25) ? dice.pick(['1', '2']) : id,
    senderId,
    target,
    content: contentOf(making),
    source: 'test',
    deviceId: dice.pick(['', 'phone']),
    createdAt: world.now,
    ...(guest && senderId === guest.id ? { guest: guest.profile } : {}),
    ...(dice.oneIn(16) ? { senderGeneration: dice.pick([1, 1, 2]) } : {}),
    ...(dice.oneIn(6) ? { sentContent: contentOf(making) } : {}),
    ...(dice.oneIn(4) ? { reference: referenceIn(making) } : {}),
    ...(dice.oneIn(3) ? { files: filesOf(making, senderId) } : {}),
  });
}

/** Something that was sent before once more: the same, or with another content, or by somebody else. */
function repeat(making: Making): Call {
  const { tenant, dice, world, focus } = making;
  const known = dice.pick(tenant.sent.slice(-12)) as NewMessage;
  const isFocused =
    focus === undefined ||
    (focus.of === 'actor' && focus.userId === known.senderId) ||
    (focus.of === 'conversation' &&
      known.target.kind === 'conversation' &&
      known.target.conversationId === focus.conversationId);
  return call('appendMessage', {
    ...known,
    id: world.newId('m'),
    createdAt: world.now,
    ...(dice.oneIn(4) ? { content: contentOf(making) } : {}),
    ...(dice.oneIn(6) ? { target: targetOf(making) } : {}),
    ...(isFocused ? {} : { target: targetOf(making) }),
    ...(focus?.of === 'actor' ? { senderId: focus.userId } : {}),
  });
}

function targetOf(making: Making): MessageTarget {
  const { tenant, dice, world, focus } = making;
  if (focus?.of === 'conversation') return { kind: 'conversation', conversationId: focus.conversationId };
  const kind = dice.int(focus?.of === 'desk' ? 5 : 20);
  if (kind < 3) {
    const connected = dice.maybe(() => ({ node: dice.pick(NODES) }));
    return { kind: 'desk', newId: world.newId('s'), skill: dice.pick(SKILLS), ...connected };
  }
  if (kind < 5)
    return { kind: 'service', sessionId: tenant.service(dice, 'queued', 'active')?.id ?? NOWHERE };
  if (kind < 7) return { kind: 'uid', uid: dice.pick([1, 2, 3, 4, -1, -1, -2, 77]) };
  if (kind < 12) return { kind: 'user', userId: tenant.user(dice) };
  if (kind < 14) return { kind: 'conversation', conversationId: tenant.conversation(dice) };
  return { kind: 'conversation', conversationId: dice.oneIn(3) ? tenant.room(dice) : tenant.group(dice) };
}

function senderTo({ tenant, dice }: Making, target: MessageTarget): string {
  if (target.kind === 'conversation') return tenant.member(dice, target.conversationId);
  if (target.kind === 'service') return tenant.member(dice, target.sessionId);
  return tenant.user(dice);
}

function referenceIn(making: Making): NonNullable<NewMessage['reference']> {
  const { tenant, dice } = making;
  const ref = tenant.message(dice)?.id ?? NOWHERE;
  return { kind: dice.pick(['quote', 'forward']), ref, reason: reasonOf(making) };
}

function isOfRoom({ tenant }: Making, target: MessageTarget): boolean {
  return target.kind === 'conversation' && tenant.rooms.has(target.conversationId);
}

function filesOf(making: Making, ownerId: string): FileMention[] {
  if (making.tenant.files.length === 0) return [];
  return ['extra.url', 'extra.cover']
    .slice(making.dice.int(2))
    .map((field) => mentionOf(making, field, ownerId));
}

/** A message of the burst, perhaps one that the burst itself has sent. */
function placeOf(making: Making): { conversationId: string; seq: number } {
  const { tenant, dice, focus } = making;
  const known = tenant.message(dice);
  const conversationId = conversationOf(making, () => known?.conversationId ?? tenant.conversation(dice));
  if (focus?.of !== 'conversation' && known && !dice.oneIn(10)) return { conversationId, seq: known.seq };
  return { conversationId, seq: Math.max(1, tenant.lastSeq(conversationId) + 2 - dice.int(6)) };
}

function changeMessage(making: Making): Call {
  const { tenant, dice, world } = making;
  const state = dice.pick(['edited', 'edited', 'recalled', 'deleted'] as const);
  const place = placeOf(making);
  const known = tenant.messages.find(
    ({ conversationId, seq }) => conversationId === place.conversationId && seq === place.seq,
  );
  return call('changeMessage', {
    tenant: tenant.id,
    ...place,
    actorId: memberOf(making, place.conversationId),
    state,
    content: state === 'edited' ? contentOf(making) : null,
    reason: reasonOf(making),
    at: world.now,
    ...(dice.oneIn(4) ? { files: filesOf(making, known?.senderId ?? NOWHERE) } : {}),
    ...dice.maybe(() => ({ afterClosing: true })),
    ...(state !== 'edited' && dice.oneIn(3) ? { auditId: world.newId('act') } : {}),
  });
}

function findMessage(making: Making): Call {
  const { tenant, dice } = making;
  const known = tenant.message(dice);
  const conversationId = conversationOf(making, () => known?.conversationId ?? NOWHERE);
  return call('findMessage', {
    tenant: tenant.id,
    ref: dice.oneIn(4) ? dice.pick(['1', '2'] as const) : (known?.id ?? NOWHERE),
    viewerId: memberOf(making, conversationId),
    prefer: dice.pick(['own', 'received']),
    ...(making.focus?.of === 'conversation' || dice.oneIn(3) ? { conversationId } : {}),
  });
}

function hideMessage(making: Making): Call {
  const { conversationId, seq } = placeOf(making);
  return call('hideMessage', making.tenant.id, conversationId, seq, memberOf(making, conversationId));
}

function pin(name: 'pinMessage' | 'unpinMessage', making: Making): Call {
  const { tenant, dice, world } = making;
  const place = placeOf(making);
  const userId =
    name === 'pinMessage' || !dice.oneIn(4) ? memberOf(making, place.conversationId) : actorOf(making);
  return call(name, {
    tenant: tenant.id,
    ...place,
    userId,
    scope: dice.pick(['everyone', 'self']),
    at: world.now,
  });
}
