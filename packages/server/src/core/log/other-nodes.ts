import type { CoreEvent, EventSink } from '../events.ts';
import { isShown } from '../on-demand.ts';
import { notify, publish, type Telling } from './telling.ts';

/** The other nodes of this deployment, as far as they are told what is not stored. */
export interface OtherNodes {
  /** Whether there are any now. */
  readonly areThere: boolean;
  /** Has them tell their sessions, at most once. */
  tell(telling: Telling): void;
}

/** A sink for what is told only: this node's sessions hear it, and those of all others. */
export function sharedWith(others: OtherNodes, sink: EventSink): EventSink {
  return {
    publish(topics: readonly string[], event: CoreEvent): void {
      sink.publish(topics, event);
      if (topics.length > 0 && others.areThere) others.tell(publish(topics, event));
    },
    notify(topics: readonly string[], event: CoreEvent): void {
      sink.notify(topics, event);
      if (topics.length > 0 && others.areThere) others.tell(notify(topics, event));
    },
    settled: async () => sink.settled?.(),
    // Nobody knows here what is shown there.
    isShown: (topics, type) => others.areThere || isShown(sink, topics, type),
  };
}
