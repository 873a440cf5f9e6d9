export * from './sockjs.ts';
export * from './stomp-decoder.ts';
export * from './stomp-encoder.ts';
export * from './stomp-frame.ts';
export * from './xuqm.ts';
