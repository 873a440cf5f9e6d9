import { DomainError } from '../../core/errors.ts';
import type { DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { LogRecord } from '../../core/ports/log-store.ts';
import type { Store } from '../../core/ports/store.ts';
import { type Call, show } from './call.ts';
import { Correspondence, type Difference } from './correspondence.ts';
import type { Coverage } from './coverage.ts';
import type { Look } from './looks.ts';

/** What a call came to. */
type Outcome = { readonly value: unknown } | { readonly refusal: Readonly<Record<string, unknown>> };

/** More records than a history makes. */
const MAX_LOGGED = 10_000;
/** How many looks are under way at once. */
const LOOKS_AT_ONCE = 64;

/** The stores do not do the same. */
export class Divergence extends Error {
  constructor(what: string, { path, one, other }: Difference) {
    super(`${what}\n  at ${path || 'the outcome'}\n  one:   ${written(one)}\n  other: ${written(other)}`);
  }
}

/** Two stores that are to do and to tell the same. */
export class Pair {
  readonly #one: Store;
  readonly #other: Store;
  readonly #coverage: Coverage;
  readonly #correspondence = new Correspondence();
  readonly #lastFed = new Map<Store, readonly LogRecord[]>();

  constructor(one: Store, other: Store, coverage: Coverage) {
    this.#one = one;
    this.#other = other;
    this.#coverage = coverage;
  }

  /**
   * Issues calls to both at once, without waiting in between. Returns what each came to, undefined where it was refused. Throws
   * a `Divergence`.
   */
  async issue(calls: readonly Call[]): Promise<({ readonly value: unknown } | undefined)[]> {
    const ours = await Promise.all(calls.map((each) => this.#fed(this.#one, each)));
    const theirs = await Promise.all(calls.map((each) => this.#fed(this.#other, this.#forOther(each))));
    const [outcomes, others] = await Promise.all([
      Promise.all(ours.map((each) => outcomeOf(invoke(this.#one, each)))),
      Promise.all(theirs.map((each) => outcomeOf(invoke(this.#other, each)))),
    ]);
    return outcomes.map((outcome, index) => {
      const { name } = calls[index] as Call;
      this.#judge(show(calls[index] as Call), outcome, others[index] as Outcome);
      this.#coverage.count(name, 'value' in outcome);
      return 'value' in outcome ? outcome : undefined;
    });
  }

  /** Throws a `Divergence` where a look at both does not show the same. */
  async look(looks: Iterable<Look>): Promise<void> {
    const all = [...looks];
    for (let next = 0; next < all.length; next += LOOKS_AT_ONCE) {
      const some = all.slice(next, next + LOOKS_AT_ONCE);
      const [outcomes, others] = await Promise.all([
        Promise.all(some.map(({ read }) => outcomeOf(read(this.#one)))),
        Promise.all(some.map(({ read }) => outcomeOf(read(this.#other)))),
      ]);
      for (const [index, { name, args }] of some.entries()) {
        const outcome = outcomes[index] as Outcome;
        this.#judge(show({ name, args }), outcome, others[index] as Outcome);
        this.#coverage.count(name, 'value' in outcome);
      }
    }
    const difference = this.#correspondence.compareOrder();
    if (difference) throw new Divergence('what the stores give themselves', difference);
  }

  #judge(what: string, outcome: Outcome, other: Outcome): void {
    const difference = this.#correspondence.compare(outcome, other);
    if (difference) throw new Divergence(what, difference);
    // Whatever a history holds can be done, or is refused by a rule.
    if ('refusal' in outcome && outcome.refusal.code === 'EINTERNAL') {
      throw new Divergence(what, { path: 'both fail', one: outcome, other });
    }
  }

  /** A call that feeds what the store has logged, and once more what was fed before and so is passed over. */
  async #fed(store: Store, given: Call): Promise<Call> {
    if (given.name !== 'feedOutbox') return given;
    const [[{ deliveries = [] } = {}], maxWaiting] = given.args;
    const logged = await store.listLog(MAX_LOGGED);
    const again = this.#lastFed.get(store) ?? [];
    if (logged.length > 0) this.#lastFed.set(store, logged.slice(-1));
    const places = [...again, ...logged.slice(0, 1)].map((place) => ({ ...place, deliveries }));
    const others = logged.slice(1).map((place) => ({ ...place, deliveries: [] }));
    return { name: given.name, args: [[...places, ...others], maxWaiting] };
  }

  /** A call that names what the first store has given, as the other calls it. */
  #forOther(given: Call): Call {
    const toOther = (id: string) => this.#correspondence.toOther('delivery', id);
    if (given.name === 'settleDeliveries') {
      const [settlement] = given.args;
      const outcomes = settlement.outcomes.map(
        (each): DeliveryOutcome => ({ ...each, id: toOther(each.id) }),
      );
      return {
        name: given.name,
        args: [{ ...settlement, outcomes, undone: settlement.undone.map(toOther) }],
      };
    }
    if (given.name !== 'retryDeadLetter') return given;
    const [tenant, id, at] = given.args;
    return { name: given.name, args: [tenant, toOther(id), at] };
  }
}

function invoke(store: Store, { name, args }: Call): Promise<unknown> {
  return (store[name] as (...given: readonly unknown[]) => Promise<unknown>)(...args);
}

async function outcomeOf(called: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await called };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { code, field, message, limit, cause } = error;
    return {
      refusal: { code, field, message, limit, ...(cause instanceof Error ? { cause: cause.message } : {}) },
    };
  }
}

function written(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 1500);
}
