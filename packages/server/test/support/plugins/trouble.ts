import { closeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { definePlugin } from 'haina/plugin';

const HOG = 100_000;
/** Higher than any descriptor that a process has here. */
const MANY_DESCRIPTORS = 256;

/** Breaks in whatever way a text asks for, at the hook that the text names. */
function breakAs(text: string): unknown {
  switch (text) {
    case 'throw':
      throw new Error('thrown on purpose');
    case 'reject':
      return Promise.reject(new Error('rejected on purpose'));
    case 'answer nonsense':
      return 'nonsense';
    case 'answer what has no JSON form':
      return { answer: 'change', change: { content: { text: 1n } } };
    case 'change a text to a number':
      return { answer: 'change', change: { content: { text: 1 } } };
    case 'change what there is not':
      return { answer: 'change', change: { colour: 'red' } };
    case 'loop':
      for (;;);
    case 'never answer':
      return new Promise(() => {});
    case 'exit':
      return process.exit(7);
    case 'throw later':
      setImmediate(() => {
        throw new Error('thrown later, on purpose');
      });
      return new Promise(() => {});
    case 'throw what is no error':
      setImmediate(() => {
        throw 'a text';
      });
      return new Promise(() => {});
    case 'leave a rejection':
      void Promise.reject(new Error('left on purpose'));
      return new Promise(() => {});
    case 'hog': {
      const hog: unknown[] = [];
      for (;;) hog.push(Array.from({ length: HOG }, (_, index) => ({ index })));
    }
    case 'allocate much at once':
      return new Array(3e7).fill(1.5);
    case 'answer more than is taken':
      return { answer: 'change', change: { content: { text: 'x'.repeat(2_000_000) } } };
    case 'post to a thread that is not there':
      return (parentPort as NonNullable<typeof parentPort>).postMessage('ready');
    case 'close every descriptor':
      return closeAll();
    default:
      return undefined;
  }
}

function closeAll(): Promise<never> {
  for (let descriptor = 3; descriptor < MANY_DESCRIPTORS; descriptor++) {
    try {
      closeSync(descriptor);
    } catch {
      // There is none of that number.
    }
  }
  return new Promise(() => {});
}

export default definePlugin({
  setup: () => ({
    only: { dialects: ['xuqm'] },
    intercept: {
      'message.send': ({ content }) => breakAs(content.text) as undefined,
      'message.created': ({ message }) => breakAs(message.content.text.replace('event: ', '')) as undefined,
      subscribe: ({ destination }) => breakAs(destination.replace('/topic/group/', '')) as undefined,
      connect: ({ user }) => breakAs(user.name) as undefined,
    },
    listen: {
      'message.created': ({ message }) => void breakAs(message.content.text.replace('listen: ', '')),
    },
  }),
});
