import type { OperationName } from '../../sql/operation-kinds.ts';
import { ADMIN_MAKERS } from './admin.ts';
import { DESK_MAKERS } from './desk.ts';
import { EVENT_MAKERS } from './events.ts';
import { FILE_MAKERS } from './files.ts';
import { GROUP_MAKERS } from './groups.ts';
import type { Focus, Maker } from './maker.ts';
import { MESSAGE_MAKERS } from './messages.ts';
import { NOTIFICATION_MAKERS } from './notifications.ts';
import { POSITION_MAKERS } from './positions.ts';
import { ROOM_MAKERS } from './rooms.ts';
import { USER_MAKERS } from './users.ts';

/** How each writing operation is called; what only reads is called by `everything.ts`. */
export const MAKERS = {
  ...USER_MAKERS,
  ...GROUP_MAKERS,
  ...MESSAGE_MAKERS,
  ...POSITION_MAKERS,
  ...NOTIFICATION_MAKERS,
  ...FILE_MAKERS,
  ...ROOM_MAKERS,
  ...ADMIN_MAKERS,
  ...EVENT_MAKERS,
  ...DESK_MAKERS,
} as Readonly<Partial<Record<OperationName, Maker>>>;

/** The names of the operations, each as often as its weight says. */
export const DRAWN: readonly OperationName[] = Object.entries(MAKERS).flatMap(([name, { weight }]) =>
  Array.from({ length: weight }, () => name as OperationName),
);

/** Of those that can stand in such a burst. */
export function drawnIn(focus: Focus['of']): readonly OperationName[] {
  return DRAWN.filter((name) => MAKERS[name]?.bursts?.includes(focus));
}
