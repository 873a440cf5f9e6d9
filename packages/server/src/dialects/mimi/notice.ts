import type { MimiNotice } from '@haina/wire';
import type { CoreEvent } from '../../core/events.ts';
import type { Notification } from '../../core/model.ts';

/** A notification in the words of the application: its category says what it is, its data about what. */
function renderNotice({ id, type, body, at, expiresAt }: Notification): MimiNotice {
  const { title, content, priority, category, action, data } = body;
  return {
    ntcType: category ?? type,
    ntcBody: {
      ...data,
      ...(priority === undefined ? {} : { priority }),
      ...(action === undefined ? {} : { action }),
      ...(expiresAt === null ? {} : { expiresAt }),
      id,
      title,
      content,
      tmCreated: at,
    },
  };
}

/** The event as a body; undefined for events that are no notifications. */
export function noticeBody(event: CoreEvent): Buffer | undefined {
  return event.type === 'notification'
    ? Buffer.from(JSON.stringify(renderNotice(event.notification)))
    : undefined;
}
