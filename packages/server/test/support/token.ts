import { createHmac } from 'node:crypto';

/** The HS256 secret of test servers. */
export const TEST_SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';

const HOUR = 3600;

/** A token of a user as any issuer would make it, claims to be overridden at will. */
export function tokenOf(sub: string, claims: Record<string, unknown> = {}, secret = TEST_SECRET): string {
  const exp = Math.floor(Date.now() / 1000) + HOUR;
  return signToken(
    { alg: 'HS256', typ: 'JWT' },
    { sub, app: 'default', role: 'user', name: sub, exp, ...claims },
    secret,
  );
}

export function signToken(header: object, claims: object, secret = TEST_SECRET): string {
  const content = `${encode(header)}.${encode(claims)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
