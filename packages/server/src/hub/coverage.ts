import type { Message, Notification, SeqRange } from '../core/model.ts';
import { appendRanges, toRanges } from '../core/ranges.ts';
import type { FanOutItem } from './fan-out.ts';

/** What whoever got some items knows of one conversation. */
export interface ConversationCoverage {
  readonly tenant: string;
  readonly conversationId: string;
  /** Of its new messages, 0 where nobody counted them. */
  readonly memberCount: number;
  readonly messages: readonly Message[];
  /** Their sequences. */
  readonly ranges: readonly SeqRange[];
  /** Those of changes to messages. */
  readonly revisions: readonly SeqRange[];
}

/** What is to be kept of items that reached somebody. The same for everybody, so that it is worked out once. */
export interface Coverage {
  readonly conversations: readonly ConversationCoverage[];
  readonly notifications: readonly Notification[];
}

interface Draft {
  memberCount: number;
  readonly messages: Message[];
  readonly revisions: SeqRange[];
}

export function coverageOf(items: readonly FanOutItem[]): Coverage {
  const drafts = new Map<string, Map<string, Draft>>();
  const notifications: Notification[] = [];
  for (const { event } of items) {
    if (event.type === 'notification') notifications.push(event.notification);
    if (event.type !== 'message.created' && event.type !== 'message.changed') continue;
    const draft = draftOf(drafts, event.message);
    if (event.type === 'message.created') {
      draft.messages.push(event.message);
      draft.memberCount = Math.max(draft.memberCount, event.memberCount);
    }
    appendRanges(draft.revisions, revisionsOf(event.message));
  }
  return { conversations: [...finished(drafts)], notifications };
}

const NONE: readonly SeqRange[] = [];

/** The revisions that whoever has a message in this form knows. */
export function revisionsOf({ revision }: Message): readonly SeqRange[] {
  return revision === 0 ? NONE : [{ from: revision, to: revision }];
}

function draftOf(drafts: Map<string, Map<string, Draft>>, { tenant, conversationId }: Message): Draft {
  const ofTenant = drafts.get(tenant) ?? new Map<string, Draft>();
  drafts.set(tenant, ofTenant);
  const draft = ofTenant.get(conversationId) ?? { memberCount: 0, messages: [], revisions: [] };
  ofTenant.set(conversationId, draft);
  return draft;
}

function* finished(drafts: ReadonlyMap<string, ReadonlyMap<string, Draft>>): Iterable<ConversationCoverage> {
  for (const [tenant, ofTenant] of drafts) {
    for (const [conversationId, { memberCount, messages, revisions }] of ofTenant) {
      const ranges = toRanges(messages.map(({ seq }) => seq));
      yield { tenant, conversationId, memberCount, messages, ranges, revisions };
    }
  }
}
