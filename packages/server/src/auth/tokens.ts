import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import { DomainError, type DomainErrorDetail } from '../core/errors.ts';
import { type Principal, ROLES, type Role, type Timestamp } from '../core/model.ts';
import { cleanName, MAX_NICKNAME_LENGTH } from '../core/names.ts';
import type { Clock } from '../core/ports/clock.ts';
import { requireId, requireTenantId } from '../core/validate.ts';
import { type KeySettings, openKeySet, type PublicKey, readPublicKey } from './keys.ts';

const MAX_TOKEN_LENGTH = 8192;
/** What the log has of a subject that may be no id. */
const MAX_LOGGED_SUBJECT = 64;
/** Who issues the tokens of login. */
const LOGIN_ISSUER = 'haina';
/** How far ahead the clock of an issuer may be, in ms. */
const MAX_CLOCK_SKEW = 60_000;
/** What a Date holds, in seconds. */
const MAX_SECONDS = 8.64e12;

export interface VerifiedToken {
  readonly principal: Principal;
  readonly expiresAt: Timestamp;
  /** Null where the token does not say. */
  readonly issuedAt: Timestamp | null;
  /** Whether login issued it: what its user may do is what the user's record says now. */
  readonly isFromLogin: boolean;
}

export interface TokenVerifier {
  /** EAUTH for a token that is malformed, forged, expired or lacks a claim; EINTERNAL while a key set is out of reach. */
  verify(token: string): Promise<VerifiedToken>;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Timestamp;
}

export interface TokenIssuer {
  /** A token for `lifetime` ms, in whole seconds. */
  issue(principal: Principal, lifetime: number): Promise<IssuedToken>;
  /** As `issue`, for a user who logged in at that time. */
  issueLogin(principal: Principal, lifetime: number, at: Timestamp): Promise<IssuedToken>;
}

export interface Tokens {
  readonly verifier: TokenVerifier;
  /** Absent where no secret is set: tokens are made elsewhere then. */
  readonly issuer: TokenIssuer | undefined;
}

/** Throws StartError where the configured public key can't be used. */
export function createTokens(settings: KeySettings & { readonly secret?: string }, clock: Clock): Tokens {
  const { secret, publicKeyFile, jwksUrl } = settings;
  const key = secret === undefined ? undefined : createSecretKey(Buffer.from(secret));
  const verifier = new JwtVerifier(clock, {
    ...(key ? { secret: key } : {}),
    ...(publicKeyFile === undefined ? {} : { publicKey: readPublicKey(publicKeyFile) }),
    ...(jwksUrl === undefined ? {} : { keySet: openKeySet(jwksUrl) }),
  });
  return { verifier, issuer: key ? new JwtIssuer(clock, key) : undefined };
}

interface Keys {
  readonly secret?: KeyObject;
  readonly publicKey?: PublicKey;
  readonly keySet?: JWTVerifyGetKey;
}

class JwtVerifier implements TokenVerifier {
  readonly #clock: Clock;
  readonly #keys: Keys;

  constructor(clock: Clock, keys: Keys) {
    this.#clock = clock;
    this.#keys = keys;
  }

  async verify(token: string): Promise<VerifiedToken> {
    try {
      const payload = await this.#checked(token);
      const verified = readClaims(payload);
      this.#requireIssued(verified, payload);
      return verified;
    } catch (error) {
      throw refusal(error);
    }
  }

  /** A token from the future would outlive the end of its user's sessions, which refuses those that were issued until then. */
  #requireIssued({ issuedAt }: VerifiedToken, payload: JWTPayload): void {
    if (issuedAt === null || issuedAt <= this.#clock.now() + MAX_CLOCK_SKEW) return;
    throw unauthenticated("the token's claim iat is in the future", undefined, namedBy(payload));
  }

  /** The key is chosen by the algorithm, never the other way round: a public key is no HS256 secret. */
  async #checked(token: string): Promise<JWTPayload> {
    if (token.length > MAX_TOKEN_LENGTH) throw unauthenticated('the token is too long');
    const { alg } = decodeProtectedHeader(token);
    const { secret, publicKey, keySet } = this.#keys;
    if (alg === 'HS256' && secret) return this.#check(token, alg, () => secret);
    if (publicKey && alg === publicKey.algorithm)
      return this.#check(token, publicKey.algorithm, () => publicKey.key);
    if (keySet && (alg === 'RS256' || alg === 'ES256' || alg === 'EdDSA'))
      return this.#check(token, alg, keySet);
    throw unauthenticated('the token is not signed by an algorithm that this server accepts');
  }

  async #check(token: string, algorithm: string, key: JWTVerifyGetKey): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      requiredClaims: ['sub', 'app', 'exp'],
      currentDate: new Date(this.#clock.now()),
    });
    return payload;
  }
}

class JwtIssuer implements TokenIssuer {
  readonly #clock: Clock;
  readonly #secret: KeyObject;

  constructor(clock: Clock, secret: KeyObject) {
    this.#clock = clock;
    this.#secret = secret;
  }

  issue(principal: Principal, lifetime: number): Promise<IssuedToken> {
    return this.#issue(principal, lifetime, { at: this.#clock.now() });
  }

  issueLogin(principal: Principal, lifetime: number, at: Timestamp): Promise<IssuedToken> {
    return this.#issue(principal, lifetime, { at, iss: LOGIN_ISSUER });
  }

  async #issue(
    { tenant, userId, role, name }: Principal,
    lifetime: number,
    { at, ...issuer }: { readonly at: Timestamp; readonly iss?: string },
  ): Promise<IssuedToken> {
    const expires = Math.ceil((at + lifetime) / 1000);
    // Not all clients read an `iat` with a fraction, and a second is too long to tell before from after by.
    const token = await new SignJWT({ app: tenant, role, name, iat_ms: at, ...issuer })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(userId)
      .setIssuedAt(Math.floor(at / 1000))
      .setExpirationTime(expires)
      .sign(this.#secret);
    return { token, expiresAt: expires * 1000 };
  }
}

function readClaims({ sub, app, role = 'user', name = sub, iss, ...claims }: JWTPayload): VerifiedToken {
  const userId = readId(sub, 'sub', requireId);
  const exp = readTime(claims.exp, 'exp');
  const iat = claims.iat === undefined ? undefined : readTime(claims.iat, 'iat');
  if (claims.nbf !== undefined) readTime(claims.nbf, 'nbf');
  return {
    principal: {
      tenant: readId(app, 'app', requireTenantId),
      userId,
      role: readRole(role),
      name: readName(name) || userId,
    },
    expiresAt: exp * 1000,
    issuedAt: iat === undefined ? null : issueTime(iat, claims.iat_ms),
    isFromLogin: iss === LOGIN_ISSUER,
  };
}

/** In ms where the token has it. */
function issueTime(iat: number, iatMs: unknown): Timestamp {
  const isPrecise = typeof iatMs === 'number' && Math.floor(iatMs / 1000) === iat;
  return isPrecise ? iatMs : iat * 1000;
}

/** Seconds since 1970 that a Date can hold. */
function readTime(value: unknown, claim: string): number {
  if (typeof value === 'number' && Math.abs(value) <= MAX_SECONDS) return value;
  return badClaim(claim);
}

function readId(value: unknown, claim: string, require: typeof requireId): string {
  if (typeof value !== 'string') return badClaim(claim);
  try {
    return require(value, claim);
  } catch {
    return badClaim(claim);
  }
}

/** Nobody is refused for how it is called elsewhere: what can't be shown is left out. Empty where nothing is left. */
function readName(value: unknown): string {
  return typeof value === 'string' ? cleanName(value, MAX_NICKNAME_LENGTH) : badClaim('name');
}

function readRole(value: unknown): Role {
  return ROLES.find((role) => role === value) ?? badClaim('role');
}

function badClaim(claim: string): never {
  throw unauthenticated(`the token's claim ${claim} is not valid`);
}

function unauthenticated(
  message: string,
  cause?: unknown,
  detail: Pick<DomainErrorDetail, 'reason' | 'whom'> = {},
): DomainError {
  return new DomainError('EAUTH', message, { reason: 'token-refused', ...detail, cause });
}

/** Whom a token names whose signature is right. */
function namedBy({ sub }: JWTPayload): Pick<DomainErrorDetail, 'whom'> {
  return typeof sub === 'string' ? { whom: sub.slice(0, MAX_LOGGED_SUBJECT) } : {};
}

/** What the client is told: enough to repair its token, nothing about the key or the token's content. */
function refusal(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.JWTExpired) {
    const detail = { reason: 'token-expired', ...namedBy(error.payload) } as const;
    return unauthenticated('the token has expired', error, detail);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const fault = error.reason === 'missing' ? 'is missing' : 'is not valid';
    return unauthenticated(`the token's claim ${error.claim} ${fault}`, error, namedBy(error.payload));
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return unauthenticated("the token's signature is wrong", error);
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return unauthenticated('the token is signed by a key that this server does not know', error);
  }
  // A TypeError is jose's answer to what has not even the form of a token.
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return unauthenticated('the token is not a valid JWT', error);
  }
  return new DomainError('EINTERNAL', "the server can't check tokens now; try again", { cause: error });
}
