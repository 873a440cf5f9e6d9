import type { CoreEvent, OnDemandType } from '../events.ts';

/** An event, where it is told, and how. */
export interface Telling {
  readonly topics: readonly string[];
  readonly event: CoreEvent;
  /** `notify` for the bookkeeping of sessions only; see `EventSink`. */
  readonly how: 'publish' | 'notify' | 'on-demand';
}

export function publish(topics: readonly string[], event: CoreEvent): Telling {
  return { topics, event, how: 'publish' };
}

export function notify(topics: readonly string[], event: CoreEvent): Telling {
  return { topics, event, how: 'notify' };
}

export function onDemand(topics: readonly string[], event: CoreEvent & { type: OnDemandType }): Telling {
  return { topics, event, how: 'on-demand' };
}
