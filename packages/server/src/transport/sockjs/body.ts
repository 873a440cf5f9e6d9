import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

/** How reading a request's body went. */
export type Body =
  | { readonly outcome: 'read'; readonly text: string }
  | { readonly outcome: 'too-large' }
  | { readonly outcome: 'not-utf8' }
  | { readonly outcome: 'aborted' };

/** Reads a body of at most `limit` bytes. Of a longer one it stops reading, and the rest must be thrown away. */
export function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.byteLength;
      if (length <= limit) chunks.push(chunk);
      else {
        request.off('data', take);
        resolve({ outcome: 'too-large' });
      }
    };
    request.on('data', take);
    request.once('end', () => resolve(decode(Buffer.concat(chunks))));
    request.once('error', () => resolve({ outcome: 'aborted' }));
    request.once('close', () => resolve({ outcome: 'aborted' }));
  });
}

function decode(bytes: Buffer): Body {
  return isUtf8(bytes) ? { outcome: 'read', text: bytes.toString() } : { outcome: 'not-utf8' };
}
