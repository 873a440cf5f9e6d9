import type { OutgoingMessage, PluginHost, SentMessage } from './api.ts';
import { ADDED_QUEUE } from './definition.ts';
import type { FromThread, HostAnswer, HostCall } from './protocol.ts';
import { toJson } from './thread-runtime.ts';

/** Calls to the server that may wait for their answer; one more is refused. */
const MAX_WAITING = 1000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a plug-in asks of the server, on the plug-in's side. */
export class ServerCalls {
  readonly host: PluginHost;
  readonly #post: (message: FromThread) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(name: string, post: (message: FromThread) => void) {
    this.#post = post;
    this.host = {
      name,
      send: (user, message: OutgoingMessage) => this.#call('send', [user, message]) as Promise<SentMessage>,
      publish: async ({ tenant, userId }, queue, value) => {
        if (!ADDED_QUEUE.test(queue)) throw new Error(`"${queue}" is no queue such as /user/queue/x.hello`);
        await this.#call('publish', [tenant, userId, queue, toJson(value)]);
      },
    };
  }

  answered(answer: HostAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('value' in answer) waiting?.resolve(answer.value);
    else waiting?.reject(Object.assign(new Error(answer.message), { code: answer.code }));
  }

  #call(method: HostCall['method'], args: readonly unknown[]): Promise<unknown> {
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(new Error(`more than ${MAX_WAITING} calls to the server wait for their answer`));
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#post({ hostCall: { id, method, args } });
      this.#waiting.set(id, { resolve, reject });
    });
  }
}
