import type { Authenticated } from '../../auth/authenticator.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Principal } from '../../core/model.ts';
import { userTopic } from '../../core/topics.ts';
import type { Listener } from '../../hub/hub.ts';
import type { SessionEnd } from '../../hub/sessions.ts';
import { ChatSession, type ChatSessionOptions, endOf, factsOf, membershipChangeOf } from './chat-session.ts';
import { sessionOver } from './refused-client.ts';

export interface OpeningOptions extends Omit<ChatSessionOptions, 'principal' | 'expiresAt' | 'recordRole'> {
  readonly authenticated: Authenticated;
  /** What the dialect needs before the session may begin; refuses it by rejecting. */
  prepare?(principal: Principal): Promise<void> | void;
}

/**
 * A session on its way in. It asks and reads whatever may refuse it, and keeps that up to date by the hub's events.
 * Registry, presence, limits and plug-ins know nothing of it: it has either entered whole, or nobody has noticed it.
 */
export class OpeningSession {
  #options: ChatSessionOptions;
  readonly #topic: string;
  readonly #listener: Listener = (event) => this.#onEvent(event);
  /** Membership by conversation, of the changes that came while the memberships were read. */
  readonly #changed = new Map<string, boolean>();
  readonly #memberOf = new Set<string>();
  #endedBy: SessionEnd | undefined;
  /** Whether the registry makes room for it. */
  #isExpected = false;

  private constructor(options: ChatSessionOptions) {
    this.#options = options;
    const { tenant, userId } = options.principal;
    this.#topic = userTopic(tenant, userId);
    // Before anything is waited for: what ends the user meanwhile must not be missed.
    options.services.hub.listen(this.#topic, this.#listener);
  }

  /** Rejects with EINTERNAL while the store is out of reach, with EPERM where the user has too many sessions, and with whatever a plug-in or the dialect refuses it. */
  static async begin({ prepare, authenticated, ...options }: OpeningOptions): Promise<OpeningSession> {
    const { principal, expiresAt, recordRole } = authenticated;
    const opening = new OpeningSession({ ...options, principal, expiresAt, recordRole });
    try {
      await opening.#admit();
      // Of what ended the user before the hub was listened to, no event comes.
      const { authenticator } = options.services;
      await Promise.all([
        prepare?.(opening.principal),
        opening.#load(),
        authenticator.confirm(authenticated),
      ]);
      await opening.#expect();
      return opening;
    } catch (error) {
      opening.abandon();
      throw error;
    }
  }

  /** The user, as the plug-ins let it in. */
  get principal(): Principal {
    return this.#options.principal;
  }

  /**
   * Makes it a session that everybody may know of. EPERM where the user has too many; EAUTH where the user, the token or
   * the connection ended meanwhile.
   */
  enter(): ChatSession {
    try {
      this.#requireAlive();
      const session = this.#enter();
      this.#isExpected = false;
      return session;
    } finally {
      this.abandon();
    }
  }

  /** Leaves nothing behind. */
  abandon(): void {
    const { services, connection } = this.#options;
    services.hub.unlisten(this.#topic, this.#listener);
    if (this.#isExpected) services.sessions.giveUp({ id: connection.id, principal: this.principal });
    this.#isExpected = false;
  }

  #enter(): ChatSession {
    for (const [id, isMember] of this.#changed) {
      if (isMember) this.#memberOf.add(id);
      else this.#memberOf.delete(id);
    }
    return ChatSession.enter(this.#options, this.#memberOf);
  }

  async #expect(): Promise<void> {
    const { services, connection } = this.#options;
    await services.sessions.expect({ id: connection.id, principal: this.principal });
    this.#isExpected = true;
  }

  /** Asks the plug-ins, which may give the user another name or role. */
  async #admit(): Promise<void> {
    const principal = await this.#options.services.plugins?.connect(factsOf(this.#options));
    if (principal) this.#options = { ...this.#options, principal };
  }

  async #load(): Promise<void> {
    // The policies, so that the first commands of the session find them at hand.
    await Promise.all([this.#loadMemberships(), this.#options.services.core.policies.of(this.principal)]);
  }

  async #loadMemberships(): Promise<void> {
    const { services, connection } = this.#options;
    for await (const ids of services.core.groups.membershipsOf(this.principal)) {
      for (const id of ids) this.#memberOf.add(id);
      if (!connection.isOpen) return;
    }
  }

  #onEvent(event: CoreEvent): void {
    this.#endedBy ??= endOf(event, this.#options.recordRole);
    const change = membershipChangeOf(event, this.principal.userId);
    if (change) this.#changed.set(change.conversationId, change.isMember);
  }

  #requireAlive(): void {
    const { clock } = this.#options.services;
    const hasExpired = this.#options.expiresAt <= clock.now();
    if (this.#endedBy === undefined && !hasExpired && this.#options.connection.isOpen) return;
    throw sessionOver(this.#endedBy ?? (hasExpired ? 'token-expired' : undefined));
  }
}
