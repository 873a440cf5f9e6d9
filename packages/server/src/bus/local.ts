import type { Bus } from './bus.ts';

/** The bus of a node that is alone: nobody else is there to be told. */
export const LOCAL_BUS: Bus = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  publish: () => {},
  listen: () => Promise.resolve(),
  ignore: () => {},
  close: () => Promise.resolve(),
};
