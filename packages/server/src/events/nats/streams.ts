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
import type { NatsOptions } from './options.ts';

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
  readonly name: string;
  /** Events that it has not acknowledged yet. */
  readonly waiting: number;
}

/** Makes what is missing of streams and consumers; returns the consumers, one a subject. */
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
  await manager.streams.add({
    name,
    subjects: missing,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(maxAge),
    duplicate_window: nanos(DUPLICATE_WINDOW),
  });
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
  if (found) return { stream, name, waiting: found.num_pending + found.num_ack_pending };
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT),
    max_ack_pending: MAX_ACK_PENDING,
    // A stream that is there before us may hold years of what nobody wants to be told now.
    deliver_policy: isNew ? DeliverPolicy.All : DeliverPolicy.New,
  });
  return { stream, name, waiting: 0 };
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

/** The stream that has all of a subject, undefined where none has any of it. Throws where one has a part: neither fits. */
async function findStream(manager: JetStreamManager, subject: string): Promise<string | undefined> {
  const found: StreamInfo[] = [];
  for await (const info of manager.streams.list(subject)) found.push(info);
  const whole = found.find(({ config }) => config.subjects.some((its) => its === subject || its === '>'));
  if (whole) return whole.config.name;
  const [part] = found;
  if (!part) return undefined;
  throw new Error(
    `the stream ${part.config.name} has a part of ${subject} only; let one stream have all of it`,
  );
}
