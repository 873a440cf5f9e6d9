import { isDeeper, MAX_EXTRA_DEPTH } from '../core/content.ts';
import type { JsonValue, Principal } from '../core/model.ts';
import type {
  AddedDestination,
  AddedRequest,
  SessionFacts,
  SessionHooks,
} from '../dialects/common/session-hooks.ts';
import { COMMON_QUEUE } from './definition.ts';
import type { MessageTypes } from './message-types.ts';
import { type Facts, type Panel, refusalOf, wants } from './panel.ts';
import { queuesOf } from './protocol.ts';
import type { PluginOutcome, Supervisor } from './supervisor.ts';
import { Turns } from './turns.ts';

export interface PluginSessionsDeps {
  readonly panel: Panel;
  readonly types: MessageTypes;
  readonly plugins: readonly Supervisor[];
  counted(plugin: string, outcome: PluginOutcome): void;
}

/** Levels of a body that a plug-in is given: more than any command has that the core accepts. */
const MAX_BODY_DEPTH = 2 * MAX_EXTRA_DEPTH;

/** Lets plug-ins have their say in sessions, and serves the destinations they added. */
export class PluginSessions implements SessionHooks {
  readonly #deps: PluginSessionsDeps;
  readonly #destinations: ReadonlyMap<string, { readonly plugin: Supervisor; readonly queue: string }>;
  readonly #queues: ReadonlyMap<string, Supervisor>;
  /** By session: as many as there are live ones. */
  readonly #dialects = new Map<string, string>();
  readonly #turns = new Turns();

  constructor(deps: PluginSessionsDeps) {
    this.#deps = deps;
    this.#destinations = new Map(
      deps.plugins.flatMap((plugin) =>
        plugin.manifest.destinations.map(({ name, queue }) => [name, { plugin, queue }] as const),
      ),
    );
    this.#queues = new Map(
      deps.plugins.flatMap((plugin) => queuesOf(plugin.manifest).map((queue) => [queue, plugin] as const)),
    );
  }

  dialectOf(sessionId: string): string | undefined {
    return this.#dialects.get(sessionId);
  }

  connect(session: SessionFacts): Principal | Promise<Principal> {
    const { panel } = this.#deps;
    const asked = panel.wanting('connect', factsOf(session));
    if (asked.length === 0) return session.user;
    const apply = (given: SessionFacts, change: object) => ({ ...given, user: { ...given.user, ...change } });
    return panel.ask({ name: 'connect', asked, input: session, apply }).then(({ user }) => user);
  }

  connected(session: SessionFacts): void {
    this.#dialects.set(session.id, session.dialect);
    this.#deps.panel.tell('session.connected', factsOf(session), session);
  }

  disconnected(session: SessionFacts): void {
    this.#dialects.delete(session.id);
    this.#deps.panel.tell('session.disconnected', factsOf(session), session);
  }

  subscribe(session: SessionFacts, destination: string): string | Promise<string> {
    const { panel } = this.#deps;
    const asked = panel.wanting('subscribe', { ...factsOf(session), destination });
    if (asked.length === 0) return destination;
    const apply = (given: { session: SessionFacts; destination: string }, change: object) => ({
      ...given,
      ...change,
    });
    return panel
      .ask({ name: 'subscribe', asked, input: { session, destination }, apply })
      .then((passed) => passed.destination);
  }

  subscribed(session: SessionFacts, destination: string): void {
    const facts = { ...factsOf(session), destination };
    this.#deps.panel.tell('session.subscribed', facts, { session, destination });
  }

  command(
    session: SessionFacts,
    destination: string,
    readBody: () => JsonValue | null,
  ): Promise<void> | undefined {
    const { panel } = this.#deps;
    const asked = panel.wanting('command', { ...factsOf(session), destination });
    const turn = [session.id];
    if (asked.length === 0 && this.#turns.isFree(turn)) return undefined;
    const body = asked.length === 0 ? null : shallow(readBody());
    const input = { session, destination, body };
    const passing = panel.ask({ name: 'command', asked, input, apply: (given) => given });
    return this.#turns.take(turn, passing).then(() => {});
  }

  destination(dialect: string, destination: string): AddedDestination | undefined {
    const added = this.#destinations.get(destination);
    if (!added || !wants(added.plugin, { dialect })) return undefined;
    return {
      queue: added.queue,
      handle: (request, reply) => this.#handle(added.plugin, request, reply),
    };
  }

  hasQueue(dialect: string, destination: string): boolean {
    const owner = this.#queues.get(destination);
    if (owner) return wants(owner, { dialect });
    return this.#deps.plugins.length > 0 && COMMON_QUEUE.test(destination);
  }

  hasMessageType(name: string): boolean {
    return this.#deps.types.has(name);
  }

  async #handle(plugin: Supervisor, request: AddedRequest, reply: (json: string) => void): Promise<void> {
    const hook = `destination ${request.destination}`;
    const verdict = await plugin.ask(hook, request, (value) => reply(JSON.stringify(value)));
    this.#deps.counted(plugin.name, verdict.answer === 'refuse' ? 'refused' : 'passed');
    if (verdict.answer === 'refuse') throw refusalOf(verdict);
  }
}

function shallow(body: JsonValue | null): JsonValue | null {
  return isDeeper(body, MAX_BODY_DEPTH) ? null : body;
}

function factsOf({ dialect, user }: SessionFacts): Facts {
  return { dialect, tenant: user.tenant };
}
