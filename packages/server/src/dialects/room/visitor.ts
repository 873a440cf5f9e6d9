import type { RoomFrom } from '@haina/wire';
import { networkOf } from '../../auth/networks.ts';
import { DomainError } from '../../core/errors.ts';
import { guestPrincipal, shownId } from '../../core/guests.ts';
import type { GuestOrigin, Principal } from '../../core/model.ts';
import type { SessionEnd } from '../../hub/sessions.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ChatSession } from '../common/chat-session.ts';
import { authenticateAll, requestTokens } from '../common/credentials.ts';
import { deviceOf } from '../common/device.ts';
import { OpeningSession } from '../common/opening-session.ts';
import { ROOM, type RoomContext } from './context.ts';
import { Sealing } from './sealing.ts';

const ENCRYPTION = 'A256GCM';

interface KnownVisitor {
  readonly chat?: ChatSession;
  readonly sealing?: Sealing | undefined;
  readonly origin?: GuestOrigin;
}

/** Whoever is at the other end: a user with a session, or a guest, who says with its first join who it is. */
export class Visitor {
  /** Absent for a guest. */
  readonly chat: ChatSession | undefined;
  /** How this connection is encrypted, if it is. */
  readonly sealing: Sealing | undefined;
  readonly #tenant: string;
  readonly #origin: GuestOrigin | undefined;
  readonly #end: () => void;
  #principal: Principal | undefined;

  private constructor(tenant: string, end: () => void, known: KnownVisitor) {
    this.#tenant = tenant;
    this.#end = end;
    this.chat = known.chat;
    this.sealing = known.sealing;
    this.#origin = known.origin;
    this.#principal = known.chat?.principal;
  }

  static user(chat: ChatSession, sealing: Sealing | undefined): Visitor {
    return new Visitor(chat.principal.tenant, () => chat.close(), { chat, sealing });
  }

  /** @param end called once it is gone */
  static guest(tenant: string, origin: GuestOrigin, end: () => void): Visitor {
    return new Visitor(tenant, end, { origin });
  }

  /** Ends the session of a user, and the place of a guest among those of its address. */
  close(): void {
    this.#end();
  }

  /** Who acts; undefined for a guest that joined nothing yet. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** Whom `from` means: nobody but the visitor. EPERM; EINVAL, ETOOLONG for what a guest can't call itself. */
  identify(from: RoomFrom): Principal {
    const known = this.#principal;
    if (known && from.id !== shownId(known.userId)) {
      throw new DomainError('EPERM', `from.id must be ${shownId(known.userId)}, your own`, {
        field: 'from.id',
      });
    }
    return known ?? this.#guest(from);
  }

  /** As `identify`, of one who is in no room: a guest may be somebody else than before. */
  introduce(from: RoomFrom): Principal {
    return this.chat ? this.identify(from) : this.#guest(from);
  }

  /** Keeps who a guest is while it is in a room: one that could change its name there could not be held to it. */
  settle(principal: Principal): void {
    this.#principal = principal;
  }

  #guest({ id, personName, personNum, nickName, headImgUrl }: RoomFrom): Principal {
    const profile = {
      name: personName ?? '',
      number: personNum ?? '',
      nickname: nickName ?? '',
      avatar: headImgUrl ?? '',
    };
    return guestPrincipal(this.#tenant, id, profile, this.#origin);
  }
}

/** Makes a visitor of who was admitted, unless its connection, its token or its user ended meanwhile (EAUTH). */
export type Enter = () => Visitor;

/**
 * Looks at a client by what its request brought: a token in the query or the `Authorization` header, or none. Nobody
 * notices it before it enters.
 *
 * EAUTH; EINVAL for an unknown encryption; EPERM where nothing can be encrypted here. Entering is EPERM where the user has
 * too many sessions, or the address too many guests.
 */
export async function admit(
  connection: Connection,
  context: RoomContext,
  onEnd: (reason: SessionEnd) => void,
): Promise<Enter> {
  const { services, options } = context;
  const { query } = connection.request;
  const tokens = requestTokens(connection.request).filter(Boolean) as string[];
  const [token] = tokens;
  const isSealed = isEncryptionAsked(query.get('enc'));
  if (token === undefined && options.auth === 'none' && !isSealed) return () => guestAt(connection, context);
  const authenticated = await authenticateAll(services.authenticator, tokens, options.tenant);
  const sealing = isSealed ? sealingOf(token as string, context) : undefined;
  const device = deviceOf(connection.request, (name) => query.get(name));
  const opening = await OpeningSession.begin({
    services,
    dialect: ROOM,
    connection,
    device,
    authenticated,
    onEnd,
  });
  return () => Visitor.user(opening.enter(), sealing);
}

/** EPERM where its address has as many guests as it may. */
function guestAt({ id, request }: Connection, { guests, options }: RoomContext): Visitor {
  const address = networkOf(request.remoteAddress);
  return Visitor.guest(options.tenant, { connection: id, address }, guests.enter(address));
}

function isEncryptionAsked(enc: string | null): boolean {
  if (enc === null || enc === ENCRYPTION) return enc !== null;
  throw new DomainError('EINVAL', `enc must be ${ENCRYPTION}`, { field: 'enc' });
}

function sealingOf(token: string, { options, opened }: RoomContext): Sealing {
  if (options.keys) return new Sealing(options.keys.keyOf(token), opened);
  throw new DomainError('EPERM', 'this server makes no tokens, and so no keys', { field: 'enc' });
}
