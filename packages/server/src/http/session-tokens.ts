import type { RoomKeys } from '../auth/room-keys.ts';
import type { TokenIssuer } from '../auth/tokens.ts';
import type { Timestamp, User } from '../core/model.ts';
import type { Clock } from '../core/ports/clock.ts';

export interface SessionToken {
  readonly token: string;
  readonly expiresAt: Timestamp;
  /** Absent where nothing can be encrypted. */
  readonly roomKey?: string;
}

export interface SessionTokensDeps {
  readonly issuer: TokenIssuer;
  readonly roomKeys?: RoomKeys | undefined;
  readonly clock: Clock;
  /** Of a token, in ms. */
  readonly lifetime: number;
}

/** Tokens for users who have proved who they are. */
export class SessionTokens {
  readonly #deps: SessionTokensDeps;

  constructor(deps: SessionTokensDeps) {
    this.#deps = deps;
  }

  /** The time before a proof is looked at: what is changed from then on refuses the token that follows from it. */
  now(): Timestamp {
    return this.#deps.clock.now();
  }

  /** @param provenAt from `now`, before the user was read */
  async issue({ tenant, id, role, nickname, tokensAfter }: User, provenAt: Timestamp): Promise<SessionToken> {
    const { issuer, roomKeys, lifetime } = this.#deps;
    const principal = { tenant, userId: id, role, name: nickname };
    const at = tokensAfter === null ? provenAt : Math.max(provenAt, tokensAfter + 1);
    const issued = await issuer.issueLogin(principal, lifetime, at);
    const key = roomKeys && Buffer.from(roomKeys.keyOf(issued.token)).toString('base64url');
    return { ...issued, ...(key === undefined ? {} : { roomKey: key }) };
  }
}
