import type { Shape } from '../../../server/test/support/growth/fill.ts';

/**
 * A deployment that has grown: 6 million messages, 420 000 conversations, a group of 100 000, 100 000 notifications, a million
 * rows of the outbox, 200 000 service sessions.
 */
const LARGE: Shape = {
  messages: 1_000_000,
  users: 100_000,
  members: 100_000,
  groups: 20_000,
  joined: 5000,
  chats: 50_000,
  others: 90_000,
  rooms: 60_000,
  notifications: 50_000,
  outbox: 500_000,
  services: 200_000,
};

/** What is at least there of everything, so that each operation finds something. */
const LEAST = 100;
/** As many are added to a group at once, in the small database too. */
export const MANY_MEMBERS = 10_000;
/** Users from here on are in none of the groups that are not `crowd`. */
export const FIRST_STRANGER = 13;

/** How much smaller the small database is than the large one. */
export const SMALLER = 100;

/** The large database divided by so much. */
export function shapeOf(divisor: number): Shape {
  const sizes = Object.entries(LARGE).map(([name, size]) => [
    name,
    Math.max(LEAST, Math.round(size / divisor)),
  ]);
  const shape = Object.fromEntries(sizes) as Shape;
  return { ...shape, users: Math.max(shape.users, FIRST_STRANGER + MANY_MEMBERS) };
}
