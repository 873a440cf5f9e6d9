import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseConnection } from './base-connection.ts';
import type { ConnectionAcceptor } from './connection.ts';
import { createContext, type TransportContext } from './context.ts';
import { Drain, type DrainTimers } from './drain.ts';
import { MountPoint } from './mount.ts';
import type { MountOptions, TransportOptions } from './options.ts';
import { hasSeveralHosts, parseTarget, type Target } from './request.ts';
import { respond, respondNotFound } from './sockjs/http.ts';
import { refuseUpgrade } from './websocket-upgrade.ts';

/** How long what clients asked for before a stop may take to be answered, in ms. */
const ANSWER_GRACE = 1000;
/** How long clients may take after that to read what is left for them and to answer the goodbye, in ms. */
const STOP_GRACE = 2000;

/**
 * Serves WebSocket (RFC 6455) and SockJS (sockjs-protocol 1.0) at any number of paths of HTTP servers that belong to
 * someone else, and hands every client to its path's acceptor as a `Connection`.
 */
export class TransportServer {
  readonly #context: TransportContext;
  /** The longest path first: of nested mount points the inner one wins. */
  readonly #mounts: MountPoint[] = [];
  #admitsNew = true;
  #drain: Drain | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: TransportOptions = {}) {
    this.#context = createContext(options);
  }

  /** Connections that are open or still closing. */
  get connectionCount(): number {
    return this.#context.connections.size;
  }

  /** Serves a path: plain WebSockets at it and, if asked for, SockJS below it. */
  mount(path: string, accept: ConnectionAcceptor, options: MountOptions = {}): void {
    const mount = new MountPoint(this.#context, path, accept, options);
    if (!path.startsWith('/')) throw new Error(`mount path "${path}" must begin with a slash`);
    if (this.#mounts.some((other) => other.path === mount.path))
      throw new Error(`${path} is mounted already`);
    this.#mounts.push(mount);
    this.#mounts.sort((a, b) => b.path.length - a.path.length);
  }

  /** Serves all requests of an HTTP server, those outside the mount points through `fallback`. */
  attach(
    server: Server,
    fallback: RequestListener = (_request, response) => respondNotFound(response),
  ): void {
    server.on('request', (request, response) => {
      if (!this.handleRequest(request, response)) fallback(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      if (!this.handleUpgrade(request, socket, head)) refuseUpgrade(socket as Socket, 404);
    });
  }

  /** Answers a request; false, and nothing done, if its path belongs to no mount point. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const { mount, target } = this.#find(parseTarget(request.url));
    if (mount === undefined) return false;
    if (hasSeveralHosts(request)) respond(response, 400);
    else if (this.#admitsNew || mount.hasSessionAt(target)) mount.handle(request, response, target);
    else {
      this.#context.events.refused('shutdown');
      respond(response, 503);
    }
    return true;
  }

  /** Answers a request that asks for another protocol; false, and nothing done, if its path is of no mount point. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { mount, target } = this.#find(parseTarget(request.url));
    if (mount === undefined) return false;
    if (hasSeveralHosts(request)) refuseUpgrade(socket as Socket, 400);
    else if (this.#admitsNew) mount.handleUpgrade(request, socket as Socket, head, target);
    else {
      this.#context.events.refused('shutdown');
      refuseUpgrade(socket as Socket, 503);
    }
    return true;
  }

  /**
   * Takes nobody new, who is answered 503, and closes with 1001 those who are connected, spread over a time. They are served
   * until it is their turn. To be called once, before `close`.
   *
   * @param time in ms; 0 leaves them all to `close`
   */
  async drain(time: number, timers: DrainTimers): Promise<void> {
    this.#admitsNew = false;
    if (time === 0) return;
    const connections = this.#context.connections.members();
    this.#drain = new Drain({ timers, connections, time, close: shutDown });
    await this.#drain.over;
  }

  /** Ends the waiting of a drain, which leaves the others to `close`. False where nothing waits. */
  hurry(): boolean {
    return this.#drain?.hurry() ?? false;
  }

  /** Closes every connection with 1001, and goes on taking new ones. */
  dismiss(): void {
    void shutDown(this.#context.connections.members());
  }

  /** Closes every connection with 1001 and waits until all are gone; cuts those that do not go in time. */
  close(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#admitsNew = false;
    const { connections, settings } = this.#context;
    await shutDown(connections.members());
    for (const connection of connections.members()) connection.hurry();
    const cutAll = setTimeout(
      () => {
        for (const connection of connections.members()) connection.cut();
      },
      Math.min(settings.closeTimeout, STOP_GRACE),
    );
    await connections.empty();
    clearTimeout(cutAll);
  }

  /** Whose request it is, and the target as that knows it. */
  #find(target: Target): { readonly mount: MountPoint | undefined; readonly target: Target } {
    const { path } = target;
    const mount = this.#mounts.find((each) => each.owns(path));
    if (mount !== undefined) return { mount, target };
    for (const each of this.#mounts) {
      const own = each.below(path);
      if (own !== undefined && each.owns(own)) return { mount: each, target: { ...target, path: own } };
    }
    return { mount: undefined, target };
  }
}

/** Closes each connection with 1001 as soon as what its client asked for is answered, or that takes too long. */
async function shutDown(connections: readonly BaseConnection[]): Promise<void> {
  const patience = new AbortController();
  const tooLong = sleep(ANSWER_GRACE, undefined, patience).catch(() => {});
  await Promise.all(connections.map((connection) => connection.shutDown(tooLong)));
  patience.abort();
}

/**
 * Whether a request asks for a WebSocket: for `shouldUpgradeCallback` of `http.createServer`, so that requests which
 * offer other protocols (curl and Java offer `h2c`) are answered as the plain HTTP they are.
 */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}
