import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Stage } from './healthy-pair.ts';
import { assertRefused, ERRORS } from './refusals.ts';
import type { StompClient } from './stomp-client.ts';

export const SEND = '/app/chat.send';
export const INBOX = '/user/queue/messages';

export interface BadBody {
  readonly name: string;
  readonly destination?: string;
  readonly body: string | Buffer;
  readonly code?: string;
  readonly message: string;
  readonly messageId?: string;
}

/** Alice, who sends what she should not, and Bob, whom none of it may reach. */
export interface BadBodies {
  readonly alice: StompClient;
  readonly bob: StompClient;
  /** A test that the body is refused so, that no RECEIPT is given for it, and that nothing of it reaches anybody. */
  refuses(bad: BadBody): void;
}

export function badBodies(stage: Stage): BadBodies {
  let alice: StompClient;
  let bob: StompClient;
  before(async () => {
    alice = await stage.connect('alice', ERRORS);
    bob = await stage.connect('bob', INBOX);
  });
  return {
    get alice() {
      return alice;
    },
    get bob() {
      return bob;
    },
    refuses({ name, destination = SEND, body, code = 'EINVAL', message, messageId = null }) {
      test(name, async () => {
        const head = { destination, receipt: 'never', 'content-length': String(Buffer.byteLength(body)) };
        const lines = Object.entries(head).map(([header, value]) => `${header}:${value}\n`);
        alice.raw(
          Buffer.concat([Buffer.from(`SEND\n${lines.join('')}\n`), Buffer.from(body), Buffer.from([0])]),
        );
        await assertRefused(alice, { code, message, destination, messageId });
        assert.deepEqual(await bob.settled(), []);
      });
    },
  };
}

/** A sound message but for what is given; `undefined` leaves a field out. */
export function messageWith(change: object): string {
  const sound = {
    appId: 'default',
    messageId: 'm',
    toId: 'bob',
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'x',
  };
  return JSON.stringify({ ...sound, ...change });
}

/** A sound message of type CUSTOM with its content as raw JSON. */
export function messageHolding(content: string): string {
  return messageWith({ msgType: 'CUSTOM', content: 'HERE' }).replace('"HERE"', content);
}
