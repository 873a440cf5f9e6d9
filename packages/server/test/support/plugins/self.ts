import { readdirSync, readlinkSync } from 'node:fs';
import { definePlugin } from 'haina/plugin';

const DESCRIPTORS = '/proc/self/fd';

/** Tells of its process, and loops where it is told to. */
export default definePlugin({
  setup: () => ({
    destinations: {
      '/app/x.self': {
        handle({ reply }) {
          reply({ pid: process.pid, variables: Object.keys(process.env), descriptors: descriptors() });
          return undefined;
        },
      },
      '/app/x.loop': {
        handle({ reply }) {
          reply('now');
          setImmediate(() => {
            for (;;);
          });
          return undefined;
        },
      },
    },
  }),
});

/** What the descriptors of this process lead to. */
function descriptors(): string[] {
  return readdirSync(DESCRIPTORS).flatMap((name) => {
    try {
      return [readlinkSync(`${DESCRIPTORS}/${name}`)];
    } catch {
      // The one that the folder was read by.
      return [];
    }
  });
}
