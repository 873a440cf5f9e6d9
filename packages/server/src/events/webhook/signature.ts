import { createHmac } from 'node:crypto';

/**
 * What proves that a delivery comes from here: the receiver makes the same of the header `haina-timestamp` and the body as
 * it came, and compares in constant time.
 *
 * @param timestamp in ms, as the header has it
 */
export function sign(secret: string, timestamp: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return `v1=${digest}`;
}
