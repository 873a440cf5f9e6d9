import {
  AckPolicy,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { StartError } from '../../config/start-error.ts';
import type { NatsOptions } from './options.ts';
import { isRefusal } from './session.ts';

/** What is consumed and published. */
export const SUBJECTS = ['business.>', 'communication.>'] as const;

/** How long the streams that we make keep events, in ms. */
const MAX_AGE = 7 * 86_400_000;
const MAX_DEAD_AGE = 30 * 86_400_000;
/** How long the server remembers ids of events, in ms: what is published again after a break in between is stored once. */
const DUPLICATE_WINDOW = 600_000;
/** After which an event that was taken and not acknowledged comes again, in ms. */
const ACK_WAIT = 5000;
/** Events that may be taken and not acknowledged. */
const MAX_ACK_PENDING = 1000;

/** A durable consumer of ours. */
export interface OwnConsumer {
  readonly stream: string;
  /** One of `SUBJECTS`. */
  readonly subject: string;
  readonly name: string;
  /** Events that it has not acknowledged yet. */
  readonly waiting: number;
}

/**
 * Makes what is missing of streams and consumers; returns the consumers, one a subject. Throws a StartError that names the
 * stream or consumer which is there already and can't be used as it is.
 */
export async function ensureConsumers(
  manager: JetStreamManager,
  options: NatsOptions,
): Promise<OwnConsumer[]> {
  const { stream, deadLetter } = options;
  const made = await ensureStreams(manager, stream, SUBJECTS, MAX_AGE);
  await ensureStreams(manager, `${stream}_DEAD`, [`${deadLetter}.>`], MAX_DEAD_AGE);
  const consumers: OwnConsumer[] = [];
  for (const subject of SUBJECTS) {
    consumers.push(await ensureConsumer(manager, options, subject, made.includes(subject)));
  }
  return consumers;
}

/** Returns the subjects that had no stream. */
async function ensureStreams(
  manager: JetStreamManager,
  name: string,
  subjects: readonly string[],
  maxAge: number,
): Promise<string[]> {
  const missing: string[] = [];
  for (const subject of subjects) if (!(await findStream(manager, subject))) missing.push(subject);
  if (missing.length === 0) return [];
  const config = {
    name,
    subjects: missing,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(maxAge),
    duplicate_window: nanos(DUPLICATE_WINDOW),
  };
  try {
    await manager.streams.add(config);
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    throw new StartError(`NATS does not make the stream ${name}: ${cause.message}`, { cause });
  }
  return missing;
}

async function ensureConsumer(
  manager: JetStreamManager,
  { consumer }: NatsOptions,
  subject: string,
  isNew: boolean,
): Promise<OwnConsumer> {
  const stream = (await findStream(manager, subject)) as string;
  const name = `${consumer}_${subject.replace('.>', '')}`;
  const found = await findConsumer(manager, stream, name);
  if (found) {
    requireFit(found);
    return { stream, subject, name, waiting: found.num_pending + found.num_ack_pending };
  }
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT),
    max_ack_pending: MAX_ACK_PENDING,
    // A stream that is there before us may hold years of what nobody wants to be told now.
    deliver_policy: isNew ? DeliverPolicy.All : DeliverPolicy.New,
  });
  return { stream, subject, name, waiting: 0 };
}

/** The stream of the consumer whose subject, which ends in `.>`, covers the given one. */
export function streamFor(consumers: readonly OwnConsumer[], wanted: string): string | undefined {
  return consumers.find(({ subject }) => wanted.startsWith(subject.slice(0, -1)))?.stream;
}

async function findConsumer(
  manager: JetStreamManager,
  stream: string,
  name: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(stream, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return undefined;
    throw error;
  }
}

function requireFit({ name, stream_name, config }: ConsumerInfo): void {
  if (config.ack_policy === AckPolicy.Explicit && config.deliver_subject === undefined) return;
  throw new StartError(
    `the consumer ${name} of the stream ${stream_name} does not wait for each acknowledgement; remove it, or set another eventOrigin`,
  );
}

/**
 * The stream that has all of a subject, undefined where none has any of it. Throws a StartError where one has a part, or
 * never tells what it took.
 */
async function findStream(manager: JetStreamManager, subject: string): Promise<string | undefined> {
  const found: StreamInfo[] = [];
  for await (const info of manager.streams.list(subject)) found.push(info);
  const whole = found.find(({ config }) => config.subjects.some((its) => its === subject || its === '>'));
  if (whole) {
    const { name, no_ack, sealed } = whole.config;
    if (no_ack) {
      throw new StartError(
        `the stream ${name} has no_ack, so that nobody learns what it took of ${subject}; set its no_ack to false`,
      );
    }
    if (sealed) throw new StartError(`the stream ${name} is sealed and takes nothing of ${subject}`);
    return name;
  }
  const [part] = found;
  if (!part) return undefined;
  throw new StartError(
    `the stream ${part.config.name} has a part of ${subject} only; let one stream have all of it`,
  );
}
