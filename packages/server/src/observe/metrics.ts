import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Cell, Tally } from './tally.ts';

/** Default figures whose reading walks over every open socket. */
const COSTLY_DEFAULTS = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];

/** The server's figures, for Prometheus. Counting is cheap enough for once a frame; reading them out is not. */
export class Metrics {
  readonly registry = new Registry();

  /** By dialect and command. */
  readonly framesIn = this.#counter(
    'haina_frames_in_total',
    'Frames that clients sent.',
    'dialect',
    'command',
  );
  readonly framesOut = this.#counter(
    'haina_frames_out_total',
    'Frames sent to clients.',
    'dialect',
    'command',
  );
  /** By dialect. */
  readonly deliveries = this.#counter('haina_deliveries_total', 'Messages written to sessions.', 'dialect');
  /** By dialect (or `http`) and error code. */
  readonly refusals = this.#counter('haina_refusals_total', 'What was refused.', 'dialect', 'code');
  /** Business events of other systems, by source (`nats`, `api`) and what became of them. */
  readonly eventsIn = this.#counter(
    'haina_events_in_total',
    'Business events of other systems.',
    'source',
    'outcome',
  );
  /** Business events for other systems, by outlet (`nats`, `webhook`; `outbox` before either) and what became of them. */
  readonly eventsOut = this.#counter(
    'haina_events_out_total',
    'Business events for other systems.',
    'outlet',
    'outcome',
  );
  /** By stage (`render`, `receive`, `listen`) and type of the event. */
  readonly eventsLost = this.#counter(
    'haina_events_lost_total',
    'Events that one form, session or listener lost, as it failed.',
    'stage',
    'event',
  );
  /** What nodes tell each other: `published` (all that was handed to the bus), `dropped` (of it), `received`. */
  readonly busMessages = this.#counter('haina_bus_messages_total', 'Messages between nodes.', 'outcome');
  /** By direction, `in` or `out`. */
  readonly busBytes = this.#counter('haina_bus_bytes_total', 'Bytes of messages between nodes.', 'direction');
  readonly slowConsumers = this.#counter(
    'haina_slow_consumers_total',
    'Closed for reading too slowly.',
    'dialect',
  );
  /** By cause. */
  readonly closures = this.#counter('haina_connections_closed_total', 'Connections that ended.', 'cause');
  /** By reason. */
  readonly rejected = this.#counter('haina_connections_refused_total', 'Connections not taken.', 'reason');
  /** By plug-in and outcome: passed, changed, refused, failed, timeout, unavailable, dropped. */
  readonly pluginCalls = this.#counter(
    'haina_plugin_calls_total',
    'What plug-ins were asked, and what they could not be told.',
    'plugin',
    'outcome',
  );
  readonly pluginRestarts = this.#counter(
    'haina_plugin_restarts_total',
    'Processes of plug-ins that were lost.',
    'plugin',
  );
  /** By direction, `in` or `out`. */
  readonly #bytes = this.#counter('haina_bytes_total', 'Bytes of messages, by direction.', 'direction');
  readonly bytesIn: Cell = this.#bytes.of('in');
  readonly bytesOut: Cell = this.#bytes.of('out');

  readonly #connections = this.#gauge('haina_connections', 'Open connections.', 'transport', 'dialect');
  readonly #queues = new Map<string, () => number>();
  readonly #commitSize = this.#histogram(
    'haina_commit_size',
    'Operations of one commit.',
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
  );
  readonly #commitSeconds = this.#histogram(
    'haina_commit_duration_seconds',
    'Time of one commit, until it is on disk.',
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  );

  constructor() {
    const queues = this.#queues;
    new Gauge({
      name: 'haina_queue_depth',
      help: 'What waits in the queues of the server.',
      labelNames: ['queue'],
      registers: [this.registry],
      collect() {
        for (const [queue, depth] of queues) this.set({ queue }, depth());
      },
    });
  }

  /** Adds the figures of the process: memory, CPU, garbage collection, delay of the event loop. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
    for (const name of COSTLY_DEFAULTS) this.registry.removeSingleMetric(name);
  }

  connectionOpened(transport: string, dialect: string): void {
    this.#connections.add(1, transport, dialect);
  }

  connectionClosed(transport: string, dialect: string, cause: string): void {
    this.#connections.add(-1, transport, dialect);
    this.closures.add(1, cause);
    if (cause === 'slow-consumer') this.slowConsumers.add(1, dialect);
  }

  /** @param durationMs from the first operation's start to the disk's answer */
  committed(operations: number, durationMs: number): void {
    this.#commitSize.observe(operations);
    this.#commitSeconds.observe(durationMs / 1000);
  }

  /** Reads the depth of a queue whenever figures are asked for. */
  watchQueue(queue: string, depth: () => number): void {
    this.#queues.set(queue, depth);
  }

  /** Reads whether the bus is connected whenever figures are asked for. */
  watchBus(isUp: () => boolean): void {
    new Gauge({
      name: 'haina_bus_up',
      help: 'Whether the bus is connected, 1 or 0.',
      registers: [this.registry],
      collect() {
        this.set(isUp() ? 1 : 0);
      },
    });
  }

  /** Reads how many lines of the log were dropped whenever figures are asked for. */
  watchLog(log: { readonly dropped: number }): void {
    new Counter({
      name: 'haina_log_lines_dropped_total',
      help: 'Lines of the log that were dropped, as it could not be written.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(log.dropped);
      },
    });
  }

  /** Reads whether Redis answers whenever figures are asked for. */
  watchRedis(link: { readonly isUp: boolean }): void {
    new Gauge({
      name: 'haina_redis_up',
      help: 'Whether Redis can be asked (1) or is lost (0).',
      registers: [this.registry],
      collect() {
        this.set(link.isUp ? 1 : 0);
      },
    });
  }

  /** Reads the service sessions by state whenever figures are asked for; none where that fails. */
  watchDesk(read: () => Promise<Readonly<Record<string, number>>>): void {
    new Gauge({
      name: 'haina_desk_sessions',
      help: 'Service sessions that wait, or that agents serve.',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const counts = await read().catch(() => ({}));
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All figures in Prometheus's text format. */
  render(): Promise<string> {
    return this.registry.metrics();
  }

  #counter(name: string, help: string, ...labelNames: readonly string[]): Tally {
    const tally = new Tally();
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [first, second, value] of tally) this.inc(labelled(labelNames, first, second), value);
      },
    });
    return tally;
  }

  #gauge(name: string, help: string, ...labelNames: readonly string[]): Tally {
    const tally = new Tally();
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        for (const [first, second, value] of tally) this.set(labelled(labelNames, first, second), value);
      },
    });
    return tally;
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}

function labelled(
  [firstName = '', secondName]: readonly string[],
  first: string,
  second: string,
): Record<string, string> {
  return secondName === undefined ? { [firstName]: first } : { [firstName]: first, [secondName]: second };
}
