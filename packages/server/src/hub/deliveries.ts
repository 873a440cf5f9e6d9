import { batchesOf } from '../core/batches.ts';
import type { Principal } from '../core/model.ts';
import type { Receipts } from '../core/receipts.ts';
import type { Connection } from '../transport/connection.ts';
import { type ConversationCoverage, type Coverage, coverageOf } from './coverage.ts';
import type { FanOut } from './fan-out.ts';
import { GatheredReceipts } from './gathered-receipts.ts';
import type { NotificationTrace, Trace } from './trace.ts';

/** How long deliveries gather before they are stored, in ms. */
const SETTLE_AFTER = 25;
/** The same where no sender waits to be told. */
const SETTLE_UNAWAITED_AFTER = 2000;
/** Conversations whose unawaited deliveries gather; more are stored without further delay. */
const MAX_UNAWAITED = 1000;
/** Conversations that are stored in one step. */
const MAX_REPORTS_AT_ONCE = 100;

/** One session on its connection, as far as deliveries care. */
export interface Recipient {
  readonly userId: string;
  readonly connection: Pick<Connection, 'enqueuedBytes' | 'queuedBytes' | 'isOpen'>;
}

/** What was handed to connections and is not known to be written yet: what it covers, not the bytes. */
interface Handed {
  readonly coverage: Coverage;
  readonly recipients: Recipient[];
  /** For each recipient, where its connection's bytes ended then. */
  readonly offsets: number[];
}

/** Keeps which users were told of a notification. */
export interface NotificationLog {
  told(tenant: string, id: string, userIds: readonly string[]): Promise<void>;
}

interface GatheredNotification {
  readonly notification: NotificationTrace;
  readonly userIds: Set<string>;
}

export interface DeliveriesOptions {
  readonly receipts: Pick<Receipts, 'report' | 'isAwaited'>;
  readonly notifications?: NotificationLog;
  /** Above so many members a conversation is a crowd, whose senders are told of no receipts. */
  readonly maxReceiptMembers: number;
  /** Told when positions could not be stored; their messages stay undelivered. May not throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Turns what was written to connections, or acknowledged by clients, into delivered positions. Works in batches, so
 * that a message to a thousand sessions is one write to the store. What is lost with a crash is delivered again.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  #handed: Handed[] = [];
  readonly #gathered = new GatheredReceipts(true);
  /** Of conversations too large for receipts, and of senders whom nobody shows any: few writes for many deliveries. */
  readonly #unawaited = new GatheredReceipts(false);
  #notified = new Map<string, GatheredNotification>();
  #flushing: Promise<boolean> | undefined;
  readonly #storing = new Set<Promise<boolean>>();
  #timer: NodeJS.Timeout | undefined;
  #unawaitedTimer: NodeJS.Timeout | undefined;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** A fan-out just handed to the recipient's connection: delivered once the operating system has taken it. */
  sent(recipient: Recipient, fanOut: FanOut): void {
    const coverage = this.#coverageOf(fanOut);
    if (!coverage) return;
    let handed = this.#handed.at(-1);
    if (handed?.coverage !== coverage) {
      handed = { coverage, recipients: [], offsets: [] };
      this.#handed.push(handed);
    }
    handed.recipients.push(recipient);
    handed.offsets.push(recipient.connection.enqueuedBytes);
    this.#schedule();
  }

  /** What the user's client acknowledged. */
  acknowledged({ userId }: Principal, traces: readonly Trace[]): void {
    this.#gather([userId], coverageOf(traces));
    this.#schedule();
  }

  /**
   * Stores what is known to be written by now; resolves once that, and what was on its way before, is stored, or could not
   * be: then to false. Many calls of one tick are one.
   */
  flush(): Promise<boolean> {
    this.#flushing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#flushing = undefined;
        resolve(this.#flushNow());
      });
    });
    return this.#flushing;
  }

  /** Stores what is left and stops. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #flushNow(): Promise<boolean> {
    this.#settle();
    this.#storeUnawaited();
    return (await Promise.all(this.#storing)).every((isStored) => isStored);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#settle(), SETTLE_AFTER);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#takeWritten();
    this.#keep(this.#report(this.#gathered));
    const notified = this.#notified;
    this.#notified = new Map();
    for (const { notification, userIds } of notified.values()) {
      const { tenant, id } = notification;
      this.#keep(this.#isStored(() => this.#options.notifications?.told(tenant, id, [...userIds])));
    }
    if (this.#unawaited.size > MAX_UNAWAITED) this.#storeUnawaited();
    else if (this.#unawaited.size > 0)
      this.#unawaitedTimer ??= setTimeout(() => this.#storeUnawaited(), SETTLE_UNAWAITED_AFTER);
    if (this.#handed.length > 0) this.#schedule();
  }

  #storeUnawaited(): void {
    clearTimeout(this.#unawaitedTimer);
    this.#unawaitedTimer = undefined;
    this.#keep(this.#report(this.#unawaited));
  }

  /**
   * Some at a time: whoever was told much in very many conversations holds nobody up who writes meanwhile. Resolves to whether all of it
   * was stored.
   */
  async #report(gathered: GatheredReceipts): Promise<boolean> {
    const { receipts } = this.#options;
    let areStored = true;
    for (const batch of batchesOf(gathered.take(), MAX_REPORTS_AT_ONCE)) {
      const stored = await Promise.all(batch.map((report) => this.#isStored(() => receipts.report(report))));
      areStored &&= stored.every((isStored) => isStored);
    }
    return areStored;
  }

  #takeWritten(): void {
    const handed = this.#handed;
    this.#handed = [];
    for (const each of handed) {
      const waiting: Handed = { coverage: each.coverage, recipients: [], offsets: [] };
      const reached: string[] = [];
      for (let index = 0; index < each.recipients.length; index++) {
        const recipient = each.recipients[index] as Recipient;
        const offset = each.offsets[index] as number;
        const { userId, connection } = recipient;
        if (offset <= connection.enqueuedBytes - connection.queuedBytes) {
          reached.push(userId);
        } else if (connection.isOpen) {
          waiting.recipients.push(recipient);
          waiting.offsets.push(offset);
        }
      }
      if (reached.length > 0) this.#gather(reached, each.coverage);
      if (waiting.recipients.length > 0) this.#handed.push(waiting);
    }
  }

  /** Events that nothing can be made of count as not delivered. */
  #coverageOf(fanOut: FanOut): Coverage | undefined {
    try {
      return fanOut.coverage;
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #gather(userIds: readonly string[], { conversations, notifications }: Coverage): void {
    for (const conversation of conversations) this.#receiptsOf(conversation).add(userIds, conversation);
    for (const notification of notifications) this.#gatherNotified(notification, userIds);
  }

  #receiptsOf(conversation: ConversationCoverage): GatheredReceipts {
    const { maxReceiptMembers, receipts } = this.#options;
    if (conversation.memberCount > maxReceiptMembers) return this.#unawaited;
    return receipts.isAwaited(conversation) ? this.#gathered : this.#unawaited;
  }

  #gatherNotified(notification: NotificationTrace, userIds: readonly string[]): void {
    const known = this.#notified.get(notification.id) ?? { notification, userIds: new Set() };
    for (const userId of userIds) known.userIds.add(userId);
    this.#notified.set(notification.id, known);
  }

  /** What fails stays undelivered, and keeps nothing else from being stored. */
  async #isStored(work: () => Promise<void> | undefined): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.onError(error);
      return false;
    }
  }

  /** Lets a flush wait for it. */
  #keep(storing: Promise<boolean>): void {
    this.#storing.add(storing);
    void storing.finally(() => this.#storing.delete(storing));
  }
}
