export * from './close-codes.ts';
export * from './desk.ts';
export * from './gone-range.ts';
export * from './im.ts';
export * from './im-bodies.ts';
export * from './im-body-codec.ts';
export {
  decodeImJson,
  decodeImProtobuf,
  encodeImJson,
  encodeImProtobuf,
} from './im-codec.ts';
export * from './im-content.ts';
export { ImCodecError, type ImCodecErrorCode } from './im-message.ts';
export * from './mimi.ts';
export * from './room.ts';
export * from './sockjs.ts';
export * from './stomp-decoder.ts';
export * from './stomp-encoder.ts';
export * from './stomp-frame.ts';
export * from './xuqm.ts';
