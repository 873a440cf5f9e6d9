/**
 * What the nodes of a cluster tell each other at once. It is a hint and never a promise: a body arrives at most once, and
 * whoever misses one reads the change log.
 */
export interface Bus {
  /** Longest body that is carried, in bytes: of a longer one the caller tells where it can be read. */
  readonly maxBytes: number;
  /**
   * Hands a body to all other nodes of the cluster that listen to the channel, and never to this one. Never waits and never
   * throws. What one node publishes arrives in its order while both sides stay connected. It is dropped, and counted, where it
   * is longer than `maxBytes`, where too much waits already, and while there is no connection: so after `connected` tell
   * the others how far the log is. The body is the bus's from now on.
   *
   * @param channel 1 to 64 letters, digits, `_` or `-`
   */
  publish(channel: string, body: Uint8Array): void;
  /**
   * Takes what comes on these channels, too. Resolves once nothing that is sent from then on is missed, or the connection is
   * lost, and `connected` follows; never rejects. Read the log after that. A channel that is listened to already stays so.
   */
  listen(channels: readonly string[]): Promise<void>;
  /** Takes nothing more from these channels, at once. */
  ignore(channels: readonly string[]): void;
  /** Sends what waits, for a short time, and ends. */
  close(): Promise<void>;
}

/** What a bus tells its node. A bus is connected once it was opened, and tells of what comes after that. */
export interface BusEvents {
  /**
   * @param body of this call only: it may share memory with what came beside it, so copy what is to be kept
   * @param from name of the node that sent it
   */
  received(channel: string, body: Uint8Array, from: string): void;
  /** There is a connection again, with all channels. What was sent meanwhile is lost: read the log. */
  connected(): void;
  /** There is none. Told once, and again for another reason that an operator can mend. It is tried again for ever. */
  disconnected(reason: string): void;
  /** So many bodies were not sent. */
  dropped(count: number): void;
  /** Something is wrong that the operator should know, such as a channel that the server forbids. */
  troubled(reason: string): void;
  /** One of the others threw. May not throw. */
  failed(error: unknown): void;
}

/** Who is who on the bus. */
export interface BusMember {
  /** Name of this node, of its own in the cluster. */
  readonly node: string;
  /** Nodes of other clusters hear nothing of it. */
  readonly cluster: string;
}

const CHANNEL = /^[\w-]{1,64}$/;

/** Throws a `RangeError` for what can't be the name of a channel. */
export function requireChannels(channels: readonly string[]): void {
  const wrong = channels.find((channel) => !CHANNEL.test(channel));
  if (wrong !== undefined) throw new RangeError(`the bus has no channel ${JSON.stringify(wrong)}`);
}
