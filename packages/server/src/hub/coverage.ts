import type { SeqRange } from '../core/model.ts';
import { appendRanges, toRanges } from '../core/ranges.ts';
import type { MessageTrace, NotificationTrace, Trace } from './trace.ts';

/** What whoever got some items knows of one conversation. */
export interface ConversationCoverage {
  readonly tenant: string;
  readonly conversationId: string;
  /** Of its new messages, 0 where nobody counted them. */
  readonly memberCount: number;
  readonly messages: readonly MessageTrace[];
  /** Their sequences. */
  readonly ranges: readonly SeqRange[];
  /** Those of changes to messages. */
  readonly revisions: readonly SeqRange[];
}

/** What is to be kept of items that reached somebody. The same for everybody, so that it is worked out once. */
export interface Coverage {
  readonly conversations: readonly ConversationCoverage[];
  readonly notifications: readonly NotificationTrace[];
}

interface Draft {
  memberCount: number;
  readonly messages: MessageTrace[];
  readonly revisions: SeqRange[];
}

export function coverageOf(traces: readonly Trace[]): Coverage {
  const drafts = new Map<string, Map<string, Draft>>();
  const notifications: NotificationTrace[] = [];
  for (const trace of traces) {
    if (trace.kind === 'notification') {
      notifications.push(trace);
      continue;
    }
    const draft = draftOf(drafts, trace);
    if (trace.kind === 'created') {
      draft.messages.push(trace);
      draft.memberCount = Math.max(draft.memberCount, trace.memberCount);
    }
    appendRanges(draft.revisions, revisionsOf(trace));
  }
  return { conversations: [...finished(drafts)], notifications };
}

const NONE: readonly SeqRange[] = [];

/** The revisions that whoever has a message in this form knows. */
export function revisionsOf({ revision }: Pick<MessageTrace, 'revision'>): readonly SeqRange[] {
  return revision === 0 ? NONE : [{ from: revision, to: revision }];
}

function draftOf(drafts: Map<string, Map<string, Draft>>, { tenant, conversationId }: MessageTrace): Draft {
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
