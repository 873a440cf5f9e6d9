import type { GatedCommands } from '../core/command-gate.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Content, JsonValue, Message, Principal, Role } from '../core/model.ts';
import type { MessageTarget } from '../core/ports/message-store.ts';
import type { INTERCEPTED_EVENTS, ListenedEvents, ListenedName } from './event-names.ts';

export type { Content, ErrorCode, JsonValue, ListenedEvents, Message, MessageTarget, Principal, Role };

/** Makes a plug-in's module of this: it is the default export. */
export function definePlugin<Options = unknown>(
  definition: PluginDefinition<Options>,
): PluginDefinition<Options> {
  return definition;
}

export interface PluginDefinition<Options = unknown> {
  /** JSON schema of the options; those that do not fit keep the server from starting. */
  readonly options?: object;
  /** Called once in the plug-in's own process, before the server listens, and again each time the process is replaced. */
  setup(options: Options, host: PluginHost): PluginHooks | Promise<PluginHooks>;
}

/** What a plug-in wants to be asked and told. What it does not name costs nothing. */
export interface PluginHooks {
  /** Narrows everything below; what is not given is not narrowed. */
  readonly only?: Scope;
  /** What is asked, and waits for the answer. */
  readonly intercept?: { readonly [Name in keyof Questions]?: Interceptor<Name> };
  /** What is told after it happened. Nothing waits. */
  readonly listen?: { readonly [Name in ListenedName]?: Listener<Name> };
  /** Message types by name; a name has a dot: `x.poll`. */
  readonly messageTypes?: { readonly [name: string]: AddedType };
  /** By destination: any that no protocol has. */
  readonly destinations?: { readonly [destination: string]: AddedDestination };
  /** Queues of the plug-in's own, beside those where its destinations answer: any that no protocol has. */
  readonly queues?: readonly string[];
  /** Called when the server stops, after everything that was told before. */
  close?(): void | Promise<void>;
}

export interface Scope {
  /** Names such as `xuqm`. */
  readonly dialects?: readonly string[];
  readonly tenants?: readonly string[];
  /** Of `subscribe` and `command`; one that ends with `*` stands for all that begin so. */
  readonly destinations?: readonly string[];
}

/** An authenticated user on a connection. */
export interface SessionInfo {
  /** Unique in the process. */
  readonly id: string;
  readonly dialect: string;
  readonly user: Principal;
  /** The client's address, as far as the trusted proxies tell. */
  readonly address: string;
}

/** What every command tells beside its own fields. */
interface Actor {
  readonly user: Principal;
  /** Absent where it did not come from a session. */
  readonly dialect?: string;
}

type CommandQuestions = { readonly [Name in keyof GatedCommands]: Actor & GatedCommands[Name] };

/** What an interceptor is asked, by name: commands and events, and how sessions begin. */
export interface Questions extends CommandQuestions, InterceptedEvents {
  readonly connect: SessionInfo;
  readonly subscribe: { readonly session: SessionInfo; readonly destination: string };
  /** Whatever a session sends, before the server looks at it. */
  readonly command: {
    readonly session: SessionInfo;
    /** Of `room`, the command's name. */
    readonly destination: string;
    /** Null where it is no JSON, or nested deeper than anything that is accepted. */
    readonly body: JsonValue | null;
  };
}

type InterceptedEvents = Pick<ListenedEvents, (typeof INTERCEPTED_EVENTS)[number]>;

/** What may be changed, by name. Nothing where a name is missing here. */
export interface Changes {
  readonly connect: { readonly name?: string; readonly role?: Role };
  readonly subscribe: { readonly destination: string };
  readonly 'message.send': { readonly content: Partial<Content> };
  readonly 'message.edit': { readonly text?: string; readonly reason?: string };
  readonly 'message.recall': { readonly reason: string };
  /** As the sessions see it now; what is stored, and what a sync tells, stays. */
  readonly 'message.created': { readonly content: Partial<Content> };
  readonly 'message.edited': { readonly content: Partial<Content> };
}

export type Interceptor<Name extends keyof Questions> = (
  question: Questions[Name],
) => Answer<ChangesOf<Name>> | Promise<Answer<ChangesOf<Name>>>;
type ChangesOf<Name> = Name extends keyof Changes ? Changes[Name] : never;
export type Listener<Name extends ListenedName> = (event: ListenedEvents[Name]) => void | Promise<void>;

/** Nothing lets it pass as it is. */
export type Answer<Change = never> = undefined | Changed<Change> | Refused;
export interface Changed<Change> {
  readonly answer: 'change';
  readonly change: Change;
}
export interface Refused {
  readonly answer: 'refuse';
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
}

/** Lets it pass with this in place of what it had. */
export function change<Change>(changed: Change): Changed<Change> {
  return { answer: 'change', change: changed };
}

/** Refuses it. The client is told the code and the message, which names what is wrong. */
export function refuse(code: ErrorCode, message: string, field?: string): Refused {
  return { answer: 'refuse', code, message, ...(field === undefined ? {} : { field }) };
}

export interface AddedType {
  /** JSON schema of the object that a message of this type carries (`extra` of its content). */
  readonly schema: object;
}

export interface AddedDestination {
  /** JSON schema of the body. */
  readonly schema?: object;
  /** Where sessions are answered; `/user/queue/shop.order` for `/app/shop.order` where absent. */
  readonly queue?: string;
  /** Does what a SEND asks; its RECEIPT is sent once this is done. */
  handle(request: DestinationRequest): Refused | undefined | Promise<Refused | undefined>;
}

export interface DestinationRequest {
  readonly session: SessionInfo;
  readonly destination: string;
  /** As JSON; a text where the content type is one of text. */
  readonly body: JsonValue;
  /** Tells this session, where it subscribed to the destination's queue: `/user/queue/x.hello` of `/app/x.hello`. */
  reply(value: JsonValue): void;
}

/** What a plug-in can ask of the server. Refusals reject with an `Error` that has a `code`. */
export interface PluginHost {
  /** The plug-in's name. */
  readonly name: string;
  /** The server's data folder, as an absolute path: for files of the plug-in's own. */
  readonly dataDir: string;
  /** Sends a message as this user, with the user's rights and limits. Resolves once it is stored. */
  send(user: Principal, message: OutgoingMessage): Promise<SentMessage>;
  /** Tells all sessions of a user that subscribed to the queue: one of the plug-in's, or any that begins with `/user/queue/x.`. Not stored. */
  publish(user: Pick<Principal, 'tenant' | 'userId'>, queue: string, value: JsonValue): Promise<void>;
}

export interface OutgoingMessage {
  readonly target: MessageTarget;
  readonly content: Partial<Content>;
  readonly clientId?: string;
}

export interface SentMessage {
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
}
