import type { OutgoingMessage, PluginHost, SentMessage } from './api.ts';
import { ADDED_DESTINATION } from './definition.ts';
import {
  type FromPlugin,
  type HostAnswer,
  type HostCall,
  MAX_HOST_CALLS,
  type ProcessSettings,
} from './protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a plug-in asks of the server, on the plug-in's side. */
export class ServerCalls {
  readonly host: PluginHost;
  readonly #post: (message: FromPlugin) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(
    { name, dataDir }: Pick<ProcessSettings, 'name' | 'dataDir'>,
    post: (message: FromPlugin) => void,
  ) {
    this.#post = post;
    this.host = {
      name,
      dataDir,
      send: (user, message: OutgoingMessage) => this.#call('send', [user, message]) as Promise<SentMessage>,
      publish: async ({ tenant, userId }, queue, value) => {
        if (!ADDED_DESTINATION.test(queue))
          throw new Error(`"${queue}" is no queue such as /user/queue/x.hello`);
        if (JSON.stringify(value) === undefined) throw new Error('the value has no JSON form');
        await this.#call('publish', [tenant, userId, queue, value]);
      },
    };
  }

  answered(answer: HostAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('code' in answer) waiting?.reject(Object.assign(new Error(answer.message), { code: answer.code }));
    else waiting?.resolve(answer.value);
  }

  #call(method: HostCall['method'], args: readonly unknown[]): Promise<unknown> {
    if (this.#waiting.size >= MAX_HOST_CALLS) {
      return Promise.reject(
        new Error(`more than ${MAX_HOST_CALLS} calls to the server wait for their answer`),
      );
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#post({ hostCall: { id, method, args } });
      this.#waiting.set(id, { resolve, reject });
    });
  }
}
