import { type StompFrame, StompProtocolError } from '@haina/wire';
import { overload, requireHeader } from './errors.ts';
import { frameBytes } from './sizes.ts';

/** What a transaction can hold (STOMP 1.2, "BEGIN"): other frames with a `transaction` header take effect at once. */
const TRANSACTIONAL: ReadonlySet<string> = new Set(['SEND', 'ACK', 'NACK']);

export interface TransactionLimits {
  readonly maxTransactions: number;
  readonly maxTransactionFrames: number;
  readonly maxTransactionBytes: number;
}

interface Transaction {
  readonly frames: StompFrame[];
  byteLength: number;
}

/** The open transactions of one session. What they hold is forgotten with it, as the specification has it. */
export class Transactions {
  readonly #open = new Map<string, Transaction>();
  readonly #limits: TransactionLimits;
  #byteLength = 0;

  constructor(limits: TransactionLimits) {
    this.#limits = limits;
  }

  begin(frame: StompFrame): void {
    const id = requireHeader(frame, 'transaction');
    if (this.#open.has(id)) {
      throw new StompProtocolError('Transaction already begun', 'Another open transaction has the same id.');
    }
    const { maxTransactions } = this.#limits;
    if (this.#open.size >= maxTransactions)
      throw overload(`A session may have ${maxTransactions} open transactions.`);
    this.#open.set(id, { frames: [], byteLength: 0 });
  }

  /** Keeps a frame that belongs to a transaction for its COMMIT. Returns whether it did. */
  hold(frame: StompFrame): boolean {
    if (!TRANSACTIONAL.has(frame.command) || !frame.headers.has('transaction')) return false;
    const transaction = this.#find(frame);
    const byteLength = frameBytes(frame);
    const { maxTransactionFrames, maxTransactionBytes } = this.#limits;
    if (transaction.frames.length >= maxTransactionFrames) {
      throw overload(`A transaction may have ${maxTransactionFrames} frames.`);
    }
    if (this.#byteLength + byteLength > maxTransactionBytes) {
      throw overload(`The transactions of a session may have ${maxTransactionBytes} bytes.`);
    }
    // Copied: the body may be a small part of a large chunk, which would stay in memory with it.
    transaction.frames.push({ ...frame, body: Buffer.from(frame.body) });
    transaction.byteLength += byteLength;
    this.#byteLength += byteLength;
    return true;
  }

  /** Ends a transaction and returns the frames it held, in their order. */
  end(frame: StompFrame): readonly StompFrame[] {
    const transaction = this.#find(frame);
    this.#open.delete(requireHeader(frame, 'transaction'));
    this.#byteLength -= transaction.byteLength;
    return transaction.frames;
  }

  #find(frame: StompFrame): Transaction {
    const transaction = this.#open.get(requireHeader(frame, 'transaction'));
    if (transaction !== undefined) return transaction;
    throw new StompProtocolError('Unknown transaction', 'No open transaction of this session has this id.');
  }
}
