import { DomainError } from '../core/errors.ts';
import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import { FAILURE_WINDOW, FailureLog, type FailureRule, FIRST_DELAY } from './failure-log.ts';
import { networkOf } from './networks.ts';
import { RecentTable } from './recent-table.ts';

export interface LoginThrottleOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Failures on an account in ten minutes before further tries are answered late; 0 is off. */
  readonly tries: number;
  /** Accounts with failures remembered at most. Each costs who guesses a hash, so that a window is too short to fill it. */
  readonly maxAccounts?: number;
  /** Pairs of account and network remembered at most, those that logged in and those that failed. */
  readonly maxPairs?: number;
  /** Tries that may wait for their delay at a time. */
  readonly maxDelayed?: number;
}

export interface LoginTry {
  /** The same for all spellings of a username. */
  readonly account: string;
  readonly address: string;
  /** Aborted once the client hung up. */
  readonly signal?: AbortSignal;
}

/** Guessing one password from many addresses. */
const ACCOUNT = { maxDelay: 60_000, maxDelayed: 8, maxUndecided: 1000 };
/**
 * Trying one password on many accounts. Each account counts once and until it logged in, so that neither one account's failures
 * nor the slips of many behind one address delay others; and no delay is longer than people wait.
 */
const NETWORK: FailureRule = { free: 100, maxDelay: 5000, maxDelayed: 64, maxUndecided: 2000 };
/** Failures in a window by which a network that has logged in to an account counts as a stranger to it again. */
const MAX_FAMILIAR_FAILURES = 100;

type Logs = readonly [account: FailureLog, network: FailureLog];

/** Of a pair of account and network. */
interface Failures {
  since: Timestamp;
  count: number;
}

/**
 * Makes guessing passwords slow, and never refuses a right one for the failures of others. After some failures on an account each
 * further try from a network that has not logged in to it is answered later and later; so is each try from a network
 * that failed on very many accounts. A try waits before its password is looked at. ERATE where too many wait.
 */
export class LoginThrottle {
  readonly #options: Required<LoginThrottleOptions>;
  readonly #accounts: RecentTable<FailureLog>;
  readonly #networks: RecentTable<FailureLog>;
  readonly #familiar: RecentTable<Failures>;
  readonly #failed: RecentTable<Failures>;
  readonly #accountRule: FailureRule;
  #delayed = 0;

  constructor(options: LoginThrottleOptions) {
    this.#options = { maxAccounts: 100_000, maxPairs: 100_000, maxDelayed: 2000, ...options };
    const { maxAccounts, maxPairs, tries } = this.#options;
    this.#accountRule = { ...ACCOUNT, free: tries };
    this.#accounts = new RecentTable(maxAccounts, (log) => log.isInUse);
    this.#networks = new RecentTable(maxAccounts, (log) => log.isInUse);
    this.#familiar = new RecentTable(maxPairs);
    this.#failed = new RecentTable(maxPairs);
  }

  /** Entries of all tables. */
  get size(): number {
    return [this.#accounts, this.#networks, this.#familiar, this.#failed].reduce(
      (sum, { size }) => sum + size,
      0,
    );
  }

  /** Runs a login; one that ends in EAUTH was a failure. ERATE with `retryAfter`. */
  async attempt<Result>(
    { account, address, signal }: LoginTry,
    login: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#options.tries === 0) return login();
    const network = networkOf(address);
    const pair = JSON.stringify([account, network]);
    const logs: Logs = [
      this.#logOf(this.#accounts, account, this.#accountRule),
      this.#logOf(this.#networks, network, NETWORK),
    ];
    for (const log of logs) log.enter();
    try {
      const ends = await this.#admit(pair, logs, signal);
      return await this.#run(pair, logs, login).finally(() => {
        for (const end of ends) end();
      });
    } finally {
      for (const log of logs) log.leave();
      if (logs[0].isEmpty) this.#accounts.delete(account);
      if (logs[1].isEmpty) this.#networks.delete(network);
    }
  }

  async #run<Result>(pair: string, logs: Logs, login: () => Promise<Result>): Promise<Result> {
    try {
      const result = await login();
      this.#succeeded(pair, logs);
      return result;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'EAUTH') this.#failedBy(pair, logs);
      throw error;
    }
  }

  #logOf(table: RecentTable<FailureLog>, key: string, rule: FailureRule): FailureLog {
    const known = table.get(key);
    if (known) return known;
    const log = new FailureLog(rule, this.#options.clock);
    table.set(key, log);
    return log;
  }

  /** Resolves once the try may run. It counts as running, before another is looked at, until the results are called. */
  async #admit(pair: string, logs: Logs, signal?: AbortSignal): Promise<(() => void)[]> {
    for (;;) {
      if (signal?.aborted) throw new DomainError('ERATE', 'the client hung up before its login was tried');
      if (this.#familiar.get(pair)) break;
      const delays = logs.filter(({ delay }) => delay > 0);
      if (delays.length > 0) {
        await this.#delay(delays, signal);
        if (!signal?.aborted) break;
        continue;
      }
      const undecided = logs.find(({ isUndecided }) => isUndecided);
      if (!undecided) break;
      if (!undecided.mayWait) throw tooMany(FIRST_DELAY);
      await undecided.decided(signal);
    }
    return logs.map((log) => log.running());
  }

  async #delay(logs: readonly FailureLog[], signal?: AbortSignal): Promise<void> {
    const ms = Math.max(...logs.map(({ delay }) => delay));
    if (this.#delayed >= this.#options.maxDelayed || !logs.every((log) => log.mayDelay)) throw tooMany(ms);
    const ends = logs.map((log) => log.delaying());
    this.#delayed++;
    await this.#pass(ms, signal);
    this.#delayed--;
    for (const end of ends) end();
  }

  /** Resolves after the time, or once the client hung up. */
  #pass(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#options.timers.after(ms, end);
      signal?.addEventListener('abort', end);
    });
  }

  #succeeded(pair: string, [, network]: Logs): void {
    const now = this.#options.clock.now();
    this.#familiar.set(pair, { since: now, count: 0 });
    const slips = this.#failed.get(pair);
    this.#failed.delete(pair);
    if (slips && now < slips.since + FAILURE_WINDOW) network.forgive();
  }

  #failedBy(pair: string, [account, network]: Logs): void {
    account.failed();
    const familiar = this.#familiar.get(pair);
    if (familiar && this.#count(familiar) >= MAX_FAMILIAR_FAILURES) this.#familiar.delete(pair);
    if (familiar) return;
    const failures = this.#failed.get(pair) ?? { since: 0, count: 0 };
    this.#failed.set(pair, failures);
    if (this.#count(failures) === 1) network.failed();
  }

  /** How many failures the pair has had in its window, this one included. */
  #count(failures: Failures): number {
    const now = this.#options.clock.now();
    if (now >= failures.since + FAILURE_WINDOW) Object.assign(failures, { since: now, count: 0 });
    return ++failures.count;
  }
}

function tooMany(retryAfter: number): DomainError {
  return new DomainError('ERATE', 'too many tries wait after wrong passwords; try again later', {
    retryAfter,
  });
}
