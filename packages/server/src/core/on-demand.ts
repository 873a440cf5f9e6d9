import type { EventSink, OnDemandType } from './events.ts';

/** Whether an event of this type is worth making: see `EventSink.isShown`. */
export function isShown(sink: EventSink, topics: readonly string[], type: OnDemandType): boolean {
  return sink.isShown?.(topics, type) ?? true;
}
