import { createHash, randomBytes } from 'node:crypto';
import { StompClient } from './stomp-client.ts';
import { tokenOf } from './token.ts';

/** Sends that a client has unconfirmed at a time. */
const WINDOW = 16;
const SENDERS_PER_DIALECT = 4;
const UPLOAD_BYTES = 40_000;

export const LOAD_GROUP = 'everybody';

/** A file that a message holds. */
export interface HeldFile {
  readonly url: string;
  readonly sha256: string;
  readonly owner: string;
}

/** People who write in two dialects, and upload, as fast as the server confirms, until they are told to stop. */
export class SendLoad {
  /** What the server has confirmed: the client's ids of messages, and the file that a message holds. */
  readonly confirmed = new Map<string, HeldFile | undefined>();
  readonly #url: string;
  readonly #running: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();
  #isStopping = false;

  constructor(url: string) {
    this.#url = url;
  }

  async start(): Promise<void> {
    const names = Array.from({ length: SENDERS_PER_DIALECT }, (_, index) => index);
    const users = names.flatMap((index) => [`xuqm-${index}`, `im-${index}`]);
    for (const path of ['/ws/im', '/ws']) {
      // A user exists from its first connection on.
      for (const user of users) await (await this.#connect(user, path)).close();
    }
    const response = await fetch(`${this.#url}/api/v1/groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SERVICE}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        id: LOAD_GROUP,
        name: 'Everybody',
        members: users.map((userId) => ({ userId })),
      }),
    });
    if (!response.ok) throw new Error(`no group: ${response.status}`);
    for (const index of names) {
      this.#running.push(this.#sendXuqm(`xuqm-${index}`), this.#sendIm(`im-${index}`));
    }
    this.#running.push(this.#sendFiles('xuqm-0'));
  }

  /** Resolves once so many messages more are confirmed. */
  async reach(more: number): Promise<void> {
    const target = this.confirmed.size + more;
    while (this.confirmed.size < target) {
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.add(resolve)),
        // Rejects where one of them fails.
        ...this.#running,
      ]);
    }
  }

  /** Resolves once everything that was sent is confirmed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running);
  }

  #connect(user: string, path: string): Promise<StompClient> {
    return StompClient.connect(this.#url.replace('http:', 'ws:'), tokenOf(user), path);
  }

  #confirm(id: string, file?: HeldFile): void {
    this.confirmed.set(id, file);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #sendXuqm(user: string): Promise<void> {
    return this.#sendAll(user, '/ws/im', (client, messageId, index) => {
      const to =
        index % 2 === 0
          ? { toId: LOAD_GROUP, chatType: 'GROUP' }
          : { toId: `im-${index % SENDERS_PER_DIALECT}`, chatType: 'SINGLE' };
      const body = { ...to, messageId, msgType: 'TEXT', content: `text of ${messageId}` };
      client.sendJson('/app/chat.send', body, { receipt: messageId });
    });
  }

  #sendIm(user: string): Promise<void> {
    return this.#sendAll(user, '/ws', (client, clientMsgId, index) => {
      const content = `text of ${clientMsgId}`;
      if (index % 2 === 0) {
        const body = { conversationId: LOAD_GROUP, content, msgType: 0, clientMsgId };
        client.sendJson('/app/chat', body, { receipt: clientMsgId });
      } else {
        const body = { receiverId: `xuqm-${index % SENDERS_PER_DIALECT}`, content, clientMsgId };
        client.sendJson('/app/private-message', body, { receipt: clientMsgId });
      }
    });
  }

  async #sendAll(
    user: string,
    path: string,
    send: (client: StompClient, id: string, index: number) => void,
  ): Promise<void> {
    const client = await this.#connect(user, path);
    let sent = 0;
    const sendNext = (): void => {
      send(client, `${user}-${sent}`, sent);
      sent++;
    };
    for (let i = 0; i < WINDOW; i++) sendNext();
    for (let got = 0; got < sent; got++) {
      this.#confirm((await client.next('RECEIPT')).headers.get('receipt-id') as string);
      if (!this.#isStopping) sendNext();
    }
    await client.close();
  }

  async #sendFiles(user: string): Promise<void> {
    const client = await this.#connect(user, '/ws/im');
    for (let index = 0; !this.#isStopping; index++) {
      const bytes = randomBytes(UPLOAD_BYTES);
      const url = await this.upload(user, bytes);
      const messageId = `file-${index}`;
      const to = { toId: LOAD_GROUP, chatType: 'GROUP' };
      await client.confirmed('/app/chat.send', { ...to, messageId, msgType: 'FILE', content: { url } });
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      this.#confirm(messageId, { url, sha256, owner: user });
    }
    await client.close();
  }

  async upload(user: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const body = new FormData();
    body.append('file', new Blob([bytes]), 'some.bin');
    const response = await fetch(`${this.#url}/api/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenOf(user)}` },
      body,
    });
    const { url } = (await response.json()) as { url: string };
    if (response.status !== 201) throw new Error(`no upload: ${response.status}`);
    return url;
  }
}

export const SERVICE = tokenOf('tester', { role: 'service' });
