import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { StartError } from '../config/start-error.ts';
import { DomainError } from '../core/errors.ts';

const MIN_RSA_BITS = 2048;

export interface KeySettings {
  readonly publicKeyFile?: string;
  readonly jwksUrl?: string;
}

/** A public key and the one algorithm it is used with. */
export interface PublicKey {
  readonly key: KeyObject;
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA';
}

/** Reads a PEM file. StartError where that is none, or no key for RS256, ES256 or EdDSA. */
export function readPublicKey(file: string): PublicKey {
  const key = readKey(file);
  const algorithm = algorithmOf(key);
  if (algorithm) return { key, algorithm };
  throw new StartError(
    `the public key file ${file} must hold an RSA key of ${MIN_RSA_BITS} bits or more, an EC P-256 key or an Ed25519 key`,
  );
}

/** Keys of a remote set, fetched when first needed and again when an unknown key is named. */
export function openKeySet(url: string): JWTVerifyGetKey {
  const keySet = createRemoteJWKSet(new URL(url));
  return async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      // Whatever the fetch fails with must not be taken for a fault of the token.
      if ((error as { code?: string }).code?.startsWith('ERR_JWKS_') && !isUnreachable(error)) throw error;
      throw new DomainError('EINTERNAL', "the server can't reach the keys to check tokens; try again", {
        cause: error,
      });
    }
  };
}

function isUnreachable(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JWKS_INVALID';
}

function readKey(file: string): KeyObject {
  try {
    const pem = readFileSync(file, 'utf8');
    // node:crypto would derive the public key; a private one has no business on this machine.
    if (pem.includes('PRIVATE KEY')) throw new Error('it holds a private key');
    return createPublicKey(pem);
  } catch (error) {
    throw new StartError(`can't use the public key file ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): PublicKey['algorithm'] | undefined {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) return 'RS256';
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return undefined;
}
