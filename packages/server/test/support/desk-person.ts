import assert from 'node:assert/strict';
import type { DeskAgents, DeskError, DeskOut, DeskSession, DeskSessionEvent } from '@haina/wire';
import { StompClient } from './stomp-client.ts';
import { tokenOf } from './token.ts';

export const INBOX = '/user/queue/messages';
export const ERRORS = '/user/queue/errors';
export const AGENTS = '/topic/agents';

type Of<Type extends DeskOut['type']> = Extract<DeskOut, { type: Type }>;

/** A customer or an agent at the desk, subscribed to its own queues. */
export class DeskPerson {
  readonly client: StompClient;

  private constructor(client: StompClient) {
    this.client = client;
  }

  /** Connects at the endpoint of the role and waits until the first sync is over. */
  static async come(
    wsUrl: string,
    userId: string,
    app: string,
    role: 'user' | 'agent' | 'admin' = 'user',
  ): Promise<DeskPerson> {
    const path = role === 'user' ? '/ws/chat' : '/ws/agent';
    const client = await StompClient.connect(wsUrl, tokenOf(userId, { app, role }), path);
    const person = new DeskPerson(client);
    await client.subscribe(ERRORS);
    await client.subscribe(INBOX);
    await person.next('sync');
    return person;
  }

  /** Sends a command and waits for its RECEIPT. */
  async does(command: string, body: object): Promise<void> {
    await this.client.confirmed(`/app/${command}`, body);
  }

  /** The next body of this type at the inbox, leaving others. */
  async next<Type extends DeskOut['type']>(
    type: Type,
    matches: (body: Of<Type>) => boolean = () => true,
  ): Promise<Of<Type>> {
    const bodyOf = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString()) as DeskOut;
    const frame = await this.client.nextMatching(type, ({ command, headers, body }) => {
      if (command !== 'MESSAGE' || headers.get('destination') !== INBOX) return false;
      const out = bodyOf(body);
      return out.type === type && matches(out as Of<Type>);
    });
    return bodyOf(frame.body) as Of<Type>;
  }

  /** The session of the next event of this kind. */
  async session(event: DeskSessionEvent['event']): Promise<DeskSession> {
    return (await this.next('session', (body) => body.event === event)).session;
  }

  /** The next telling of the desk that is like this. */
  async board(matches: (board: DeskAgents) => boolean): Promise<DeskAgents> {
    for (;;) {
      const board = await this.client.nextAt<DeskAgents>(AGENTS);
      if (matches(board)) return board;
    }
  }

  /** Types of what came at the inbox and was not asked for. */
  get unread(): string[] {
    return this.client.received(INBOX).map((body) => (JSON.parse(body) as DeskOut).type);
  }

  /** Sends what must be refused so, without a RECEIPT. */
  async isRefused(destination: string, body: unknown, refusal: Partial<DeskError>): Promise<DeskError> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.client.send('SEND', { destination, receipt: 'never' }, text);
    const error = await this.client.nextAt<DeskError>(ERRORS);
    assert.deepEqual(error, { ...error, destination, ...refusal });
    assert.ok(!this.client.holds(({ headers }) => headers.get('receipt-id') === 'never'));
    return error;
  }

  leave(): Promise<void> {
    return this.client.drop();
  }
}
