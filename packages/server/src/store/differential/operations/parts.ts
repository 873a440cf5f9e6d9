import type { Content, JsonValue } from '../../../core/model.ts';
import type { AdminAct } from '../../../core/ports/admin-store.ts';
import type { FileMention, Picture } from '../../../core/ports/file-store.ts';
import { NOWHERE } from '../world.ts';
import type { Making } from './maker.ts';

/** Texts and values that databases like to change. */
const TEXTS = [
  '',
  'hi',
  'ünï 😀',
  'a\u0000b',
  '\u001a0',
  `x${'y'.repeat(300)}`,
  '%_\\\'"',
  '{"a":1}',
] as const;
const EXTRAS: readonly [JsonValue, ...JsonValue[]] = [
  { b: 1, a: [true, null, 0.1] },
  { 2: 'z', 1: 'y', nul: '\u0000' },
  'text',
  9_007_199_254_740_991,
  1e21,
  [],
];

export function contentOf({ dice }: Making): Content {
  return {
    type: dice.pick(['text', 'text', 'image', 'custom']),
    text: dice.pick(TEXTS),
    extra: dice.oneIn(3) ? dice.pick(EXTRAS) : null,
    ...(dice.oneIn(4) ? { fields: { z: dice.pick(EXTRAS), a: 'b' } } : {}),
  };
}

/** A reason that somebody gives, or not. */
export function reasonOf({ dice }: Making): string {
  return dice.pick(['', 'a slip', 'ö']);
}

export function actOf(making: Making): AdminAct {
  const { tenant, dice, world } = making;
  const at = world.now;
  return {
    tenant: tenant.id,
    id: world.newId('act'),
    actorId: tenant.user(dice),
    reason: reasonOf(making),
    at,
  };
}

/** A file that this user uploaded, or now and then another one. */
export function mentionOf({ tenant, dice }: Making, field: string, ownerId: string): FileMention {
  const own = tenant.files.filter((file) => dice.oneIn(12) || file.ownerId === ownerId);
  const id = dice.likely(
    own.map((file) => file.id),
    [NOWHERE],
  );
  return { id, field, isOurs: !dice.oneIn(4) };
}

export function pictureOf(making: Making): Picture {
  const { tenant, dice, world } = making;
  const owned = dice.pick(tenant.files)?.ownerId;
  const by = { userId: owned ?? tenant.user(dice), isManager: dice.oneIn(2) };
  if (owned === undefined || dice.oneIn(4))
    return { address: dice.pick(['', 'http://a/b.png']), by, at: world.now };
  const file = mentionOf(making, 'avatar', by.userId);
  return { address: `/files/${file.id}`, file, by, at: world.now };
}
