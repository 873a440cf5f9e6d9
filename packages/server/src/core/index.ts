import { Admin } from './admin.ts';
import type { EventSink } from './events.ts';
import { Groups } from './groups.ts';
import type { Limits } from './limits.ts';
import { MessageChanges } from './message-changes.ts';
import { Messages } from './messages.ts';
import { Notifications } from './notifications.ts';
import { Policies } from './policies.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { PasswordHasher } from './ports/passwords.ts';
import type { Store } from './ports/store.ts';
import { PresenceNews } from './presence-news.ts';
import { RateLimiter } from './rate-limiter.ts';
import { Receipts } from './receipts.ts';
import { Users } from './users.ts';

export interface CoreDeps {
  readonly store: Store;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly passwords: PasswordHasher;
  readonly limits: Limits;
}

/** The domain: commands go in as method calls, events come out of the sink. */
export interface Core {
  readonly users: Users;
  readonly groups: Groups;
  readonly messages: Messages;
  readonly changes: MessageChanges;
  readonly receipts: Receipts;
  readonly presenceNews: PresenceNews;
  readonly notifications: Notifications;
  readonly policies: Policies;
  readonly admin: Admin;
}

export function createCore(given: CoreDeps): Core {
  const policies = new Policies(given);
  const deps = { ...given, sink: heardBy(policies, given.sink), policies };
  const receipts = new Receipts(deps);
  const rate = new RateLimiter(deps.limits.sendRate, deps.clock);
  return {
    users: new Users(deps),
    groups: new Groups(deps),
    messages: new Messages({ ...deps, receipts, rate }),
    changes: new MessageChanges({ ...deps, rate }),
    receipts,
    presenceNews: new PresenceNews(deps),
    notifications: new Notifications(deps),
    policies,
    admin: new Admin(deps),
  };
}

/** Lets what binds the next command be known before anybody is told of it. */
function heardBy(policies: Policies, sink: EventSink): EventSink {
  return {
    publish(topics, event) {
      policies.heard(event);
      sink.publish(topics, event);
    },
    notify: (topics, event) => sink.notify(topics, event),
  };
}
