import type { Message, Notification, Principal, SeqRange } from '../core/model.ts';
import type { ReceiptReport, Receipts } from '../core/receipts.ts';
import type { Connection } from '../transport/connection.ts';
import type { FanOutItem } from './fan-out.ts';

/** How long deliveries gather before they are stored, in ms: longer where many sessions have some. */
const SETTLE_AFTER = 25;
const SETTLE_MANY_AFTER = 1000;
const MANY_SESSIONS = 100;

type Output = Pick<Connection, 'enqueuedBytes' | 'queuedBytes' | 'isOpen'>;

/** What was handed to one session's connection and is not known to be written yet. */
export interface DeliveryLog {
  readonly principal: Principal;
  readonly connection: Output;
  readonly unwritten: { readonly offset: number; readonly items: readonly FanOutItem[] }[];
}

interface Gathered {
  messages: Message[];
  revisions: SeqRange | undefined;
}

interface GatheredConversation {
  readonly tenant: string;
  readonly conversationId: string;
  readonly users: Map<string, Gathered>;
}

/** Keeps which users were told of a notification. */
export interface NotificationLog {
  told(tenant: string, id: string, userIds: readonly string[]): Promise<void>;
}

interface GatheredNotification {
  readonly notification: Notification;
  readonly userIds: Set<string>;
}

/**
 * Turns what was written to connections, or acknowledged by clients, into delivered positions. Works in batches, so
 * that a message to a thousand sessions is one write to the store. What is lost with a crash is delivered again.
 */
export class Deliveries {
  readonly #receipts: Receipts;
  readonly #onError: (error: unknown) => void;
  readonly #notifications: NotificationLog | undefined;
  readonly #logs = new Set<DeliveryLog>();
  #gathered = new Map<string, GatheredConversation>();
  #notified = new Map<string, GatheredNotification>();
  #flushing: Promise<void> | undefined;
  readonly #storing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #settledAt = 0;

  /** @param onError told when positions could not be stored; their messages stay undelivered */
  constructor(receipts: Receipts, onError: (error: unknown) => void, notifications?: NotificationLog) {
    this.#receipts = receipts;
    this.#onError = onError;
    this.#notifications = notifications;
  }

  openLog(principal: Principal, connection: Output): DeliveryLog {
    return { principal, connection, unwritten: [] };
  }

  /** Items just handed to the log's connection: delivered once the operating system has taken them. */
  sent(log: DeliveryLog, items: readonly FanOutItem[]): void {
    log.unwritten.push({ offset: log.connection.enqueuedBytes, items });
    this.#logs.add(log);
    this.#schedule();
  }

  /** Items the user's client acknowledged. */
  acknowledged(principal: Principal, items: readonly FanOutItem[]): void {
    for (const item of items) this.#gather(principal, item);
    this.#schedule();
  }

  /**
   * Stores what is known to be written by now; resolves once that, and what was on its way before, is stored. Many
   * calls of one tick are one.
   */
  flush(): Promise<void> {
    this.#flushing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#flushing = undefined;
        resolve(this.#flushNow());
      });
    });
    return this.#flushing;
  }

  async #flushNow(): Promise<void> {
    this.#settledAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const log of this.#logs) {
      this.#takeWritten(log);
      if (log.unwritten.length === 0 || !log.connection.isOpen) this.#logs.delete(log);
    }
    if (this.#logs.size > 0) this.#schedule();
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const conversation of gathered.values()) this.#track(this.#store(conversation));
    const notified = this.#notified;
    this.#notified = new Map();
    for (const notification of notified.values()) this.#track(this.#storeNotified(notification));
    await Promise.all(this.#storing);
  }

  /** Stores what is left and stops. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#settle(), SETTLE_AFTER);
  }

  /** How many sessions there are is known only now: the first of a thousand starts the timer. */
  #settle(): void {
    const sinceLast = performance.now() - this.#settledAt;
    if (this.#logs.size > MANY_SESSIONS && sinceLast < SETTLE_MANY_AFTER) {
      this.#timer = setTimeout(() => void this.flush(), SETTLE_MANY_AFTER - sinceLast);
    } else {
      void this.flush();
    }
  }

  #takeWritten({ principal, connection, unwritten }: DeliveryLog): void {
    const written = connection.enqueuedBytes - connection.queuedBytes;
    let count = 0;
    for (const { offset, items } of unwritten) {
      if (offset > written) break;
      for (const item of items) this.#gather(principal, item);
      count++;
    }
    unwritten.splice(0, count);
  }

  #gather({ tenant, userId }: Principal, { event, revisions }: FanOutItem): void {
    if (event.type === 'notification') this.#gatherNotified(userId, event.notification);
    if (event.type !== 'message.created' && event.type !== 'message.changed') return;
    const { message } = event;
    const known = revisions ?? changeRange(event.type, message);
    const isNews = event.type === 'message.created' && message.senderId !== userId;
    if (!isNews && !known) return;
    const gathered = this.#entry(tenant, message.conversationId, userId);
    if (isNews) gathered.messages.push(message);
    if (known) gathered.revisions = extend(gathered.revisions, known);
  }

  #gatherNotified(userId: string, notification: Notification): void {
    const { userIds } = this.#notified.get(notification.id) ?? { userIds: new Set() };
    this.#notified.set(notification.id, { notification, userIds: userIds.add(userId) });
  }

  async #storeNotified({ notification, userIds }: GatheredNotification): Promise<void> {
    try {
      await this.#notifications?.told(notification.tenant, notification.id, [...userIds]);
    } catch (error) {
      this.#onError(error);
    }
  }

  #entry(tenant: string, conversationId: string, userId: string): Gathered {
    const key = `${tenant}/${conversationId}`;
    let conversation = this.#gathered.get(key);
    if (!conversation) {
      conversation = { tenant, conversationId, users: new Map() };
      this.#gathered.set(key, conversation);
    }
    let entry = conversation.users.get(userId);
    if (!entry) {
      entry = { messages: [], revisions: undefined };
      conversation.users.set(userId, entry);
    }
    return entry;
  }

  #track(storing: Promise<void>): void {
    this.#storing.add(storing);
    void storing.finally(() => this.#storing.delete(storing));
  }

  async #store({ tenant, conversationId, users }: GatheredConversation): Promise<void> {
    const reports = [...users].map(
      ([userId, { messages, revisions }]): ReceiptReport => ({
        userId,
        messages,
        ...(revisions ? { revisions } : {}),
      }),
    );
    try {
      await this.#receipts.reportIn(tenant, conversationId, 'delivered', reports);
    } catch (error) {
      this.#onError(error);
    }
  }
}

function changeRange(type: string, { revision }: Message): SeqRange | undefined {
  return type === 'message.changed' ? { from: revision, to: revision } : undefined;
}

/** Joins what continues; what lies apart is left out and comes again at the next sync. */
function extend(known: SeqRange | undefined, next: SeqRange): SeqRange {
  if (!known) return next;
  const continues = next.from <= known.to + 1 && next.to >= known.from - 1;
  if (!continues) return known;
  return { from: Math.min(known.from, next.from), to: Math.max(known.to, next.to) };
}
