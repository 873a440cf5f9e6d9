import { lookup as systemLookup } from 'node:dns';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Timers } from '../../core/ports/timers.ts';
import { isPublicAddress } from './addresses.ts';

/** What is read of an answer, in bytes; its status is all that counts. */
const MAX_ANSWER = 65_536;

export interface HttpPosterOptions {
  readonly timers: Timers;
  /** For a whole exchange, in ms. */
  readonly timeout: number;
  /** Whether loopback, link-local and private networks may be reached. */
  readonly allowPrivate: boolean;
}

/** Posts to addresses that strangers chose: no redirect is followed, and no name leads to a network of ours. */
export class HttpPoster {
  readonly #options: HttpPosterOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: HttpPosterOptions) {
    this.#options = options;
    const settings = { keepAlive: true, lookup: options.allowPrivate ? systemLookup : publicLookup };
    this.#http = new HttpAgent(settings);
    this.#https = new HttpsAgent(settings);
  }

  /** Returns the status of the answer. Rejects where there is none in time, or the address is not allowed. */
  post(address: string, headers: Readonly<Record<string, string | number>>, body: string): Promise<number> {
    const url = new URL(address);
    const { timers, timeout } = this.#options;
    return new Promise((resolve, reject) => {
      this.#requireAllowed(url);
      const request = this.#open(url, headers);
      const cancel = timers.after(timeout, () =>
        request.destroy(new Error(`no answer within ${timeout} ms`)),
      );
      const settled = (settle: () => void) => {
        cancel();
        settle();
      };
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        drain(response, request);
        response.on('error', () => {});
        response.on('close', () => settled(() => resolve(status)));
      });
      request.on('error', (error) => settled(() => reject(error)));
      request.end(body);
    });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #open(url: URL, headers: Readonly<Record<string, string | number>>): ClientRequest {
    const options = { method: 'POST', headers };
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: this.#https })
      : httpRequest(url, { ...options, agent: this.#http });
  }

  /** An address that needs no look-up would pass by the one that is watched. */
  #requireAllowed({ hostname }: URL): void {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !this.#options.allowPrivate && !isPublicAddress(host)) throw notPublic(host);
  }
}

/** The system's look-up of names, which fails for those that lead to a network of ours. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses ?? [];
    if (error || refused || !first) callback(error ?? notPublic(refused?.address ?? hostname), '', 0);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function notPublic(address: string): NodeJS.ErrnoException {
  return new Error(`${address} is no public address, and webhookAllowPrivate is off`);
}

/** Takes an answer off the line; one that does not end is cut off. */
function drain(response: IncomingMessage, request: ClientRequest): void {
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER) request.destroy();
  });
}
