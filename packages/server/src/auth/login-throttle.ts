import { DomainError } from '../core/errors.ts';
import type { Timestamp } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { LoginAccount } from '../core/users.ts';
import { FAILURE_WINDOW, FailureLog, type FailureRule, FIRST_DELAY } from './failure-log.ts';
import { networkOf } from './networks.ts';
import { RecentTable } from './recent-table.ts';

/** Where users have logged in from, in the time of other processes too. */
export interface LoginHistory {
  hasLoggedIn(account: LoginAccount, network: string): Promise<boolean>;
  noteLogin(account: LoginAccount, network: string): Promise<void>;
}

export interface LoginThrottleOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Failures on an account in ten minutes before further tries are answered late; 0 is off. */
  readonly tries: number;
  readonly history: LoginHistory;
  /** Told of what could not be noted; the login is right all the same. */
  readonly onError: (error: unknown) => void;
  /** Accounts with failures remembered at most. Each costs who guesses a hash, so that a window is too short to fill it. */
  readonly maxAccounts?: number;
  /** Pairs of account and network remembered at most, those that logged in and those that failed. */
  readonly maxPairs?: number;
  /** Tries that may wait for their delay at a time. */
  readonly maxDelayed?: number;
}

export interface LoginTry {
  readonly account: LoginAccount;
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

interface Pair {
  readonly account: LoginAccount;
  readonly network: string;
  readonly key: string;
}

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
    const pair: Pair = { account, network, key: JSON.stringify([account, network]) };
    const accountKey = JSON.stringify(account);
    const logs: Logs = [
      this.#logOf(this.#accounts, accountKey, this.#accountRule),
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
      if (logs[0].isEmpty) this.#accounts.delete(accountKey);
      if (logs[1].isEmpty) this.#networks.delete(network);
    }
  }

  async #run<Result>(pair: Pair, logs: Logs, login: () => Promise<Result>): Promise<Result> {
    try {
      const result = await login();
      await this.#succeeded(pair, logs);
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
  async #admit(pair: Pair, logs: Logs, signal?: AbortSignal): Promise<(() => void)[]> {
    let isAsked = false;
    for (;;) {
      if (signal?.aborted) throw new DomainError('ERATE', 'the client hung up before its login was tried');
      const familiar = this.#familiar.get(pair.key);
      if (familiar && !this.#isSuspect(familiar)) break;
      const delays = logs.filter(({ delay }) => delay > 0);
      const undecided = logs.find(({ isUndecided }) => isUndecided);
      if (!undecided) break;
      if (!familiar && !isAsked) {
        await this.#recall(pair);
        isAsked = true;
        continue;
      }
      if (delays.length > 0) {
        await this.#delay(delays, signal);
        if (!signal?.aborted) break;
        continue;
      }
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

  /** Looks up whether the user has logged in from there before this process began, or forgot it. */
  async #recall({ account, network, key }: Pair): Promise<void> {
    if (!(await this.#options.history.hasLoggedIn(account, network))) return;
    if (!this.#familiar.get(key)) this.#familiar.set(key, { since: 0, count: 0 });
  }

  async #succeeded({ account, network, key }: Pair, [, networkLog]: Logs): Promise<void> {
    const now = this.#options.clock.now();
    const slips = this.#failed.get(key);
    this.#failed.delete(key);
    if (slips && now < slips.since + FAILURE_WINDOW) networkLog.forgive();
    const isNew = !this.#familiar.get(key);
    this.#familiar.set(key, { since: now, count: 0 });
    if (isNew) await this.#options.history.noteLogin(account, network).catch(this.#options.onError);
  }

  #failedBy({ key }: Pair, [account, network]: Logs): void {
    account.failed();
    const familiar = this.#familiar.get(key);
    if (familiar) {
      this.#count(familiar);
      return;
    }
    const failures = this.#failed.get(key) ?? { since: 0, count: 0 };
    this.#failed.set(key, failures);
    if (this.#count(failures) === 1) network.failed();
  }

  /** Whether somebody guesses from where the user has logged in. */
  #isSuspect({ since, count }: Failures): boolean {
    return count >= MAX_FAMILIAR_FAILURES && this.#options.clock.now() < since + FAILURE_WINDOW;
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
