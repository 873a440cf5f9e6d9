import type { Message } from '../model.ts';

/** Most that one is told of a session at a time, in bytes of content: well below what may wait for a slow client. */
const MAX_BYTES = 262_144;

/** Of messages in order of sequence, the newest that are not too much together: always the last one. */
export function newestThatFit(messages: readonly Message[]): Message[] {
  let bytes = 0;
  const tooOld = messages.findLastIndex(({ content }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(content));
    return bytes > MAX_BYTES && index < messages.length - 1;
  });
  return messages.slice(tooOld + 1);
}
