import type { CoreEvent } from '../core/events.ts';
import type { FanOutItem, Shape } from './fan-out.ts';

/** Where something failed on an event's way out. */
export type FaultStage = 'render' | 'receive' | 'listen';

/** What failed by itself, while everything else of the tick went on. */
export interface Fault {
  readonly stage: FaultStage;
  readonly error: unknown;
  /** Types of the events that were lost there. */
  readonly events: readonly CoreEvent['type'][];
  /** Key of the shape that lost them, where one did. */
  readonly shape?: string;
}

/** Told of each fault, to log and to count it. May not throw. */
export type OnFault = (fault: Fault) => void;

/** Keeps what fails for one shape, one subscriber or one listener from all others. */
export class Isolation {
  readonly #onFault: OnFault;

  constructor(onFault: OnFault) {
    this.#onFault = onFault;
  }

  /** The events in a shape. One that the shape fails to render is reported and left out. */
  render(shape: Shape, events: readonly CoreEvent[]): FanOutItem[] {
    const items: FanOutItem[] = [];
    for (const event of events) {
      try {
        const payload = shape.render(event);
        if (payload) items.push({ event, payload });
      } catch (error) {
        this.#onFault({ stage: 'render', error, events: [event.type], shape: shape.key });
      }
    }
    return items;
  }

  /** Reports that somebody failed to take events. */
  failed(stage: FaultStage, error: unknown, events: readonly CoreEvent[], shape?: Shape): void {
    const types = events.map(({ type }) => type);
    this.#onFault({ stage, error, events: types, ...(shape ? { shape: shape.key } : {}) });
  }
}
