/** RFC 6455 section 11.8. */
const OPCODE_TEXT = 0x1;
const OPCODE_BINARY = 0x2;
const FINAL = 0x80;

/**
 * Encodes one message as a single unmasked frame, as a server sends it (RFC 6455 section 5.2).
 *
 * @param data the message's bytes
 * @param binary whether the frame is binary; else it is text and `data` must be valid UTF-8
 */
export function encodeWebSocketFrame(data: Uint8Array, binary: boolean): Buffer {
  const length = data.byteLength;
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = FINAL | (binary ? OPCODE_BINARY : OPCODE_TEXT);
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(data, headerLength);
  return frame;
}
