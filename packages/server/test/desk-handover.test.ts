import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeskOut } from '@haina/wire';
import { DeskPerson, INBOX } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const APP = 'default';
/** Messages that the customer sends without a pause while its session changes hands. */
const STORM = 60;
const ROUNDS = 6;

let server: TestServer;

before(async () => {
  server = await startTestServer({ deskNewsInterval: 10 });
});
after(() => server.stop());

const come = (userId: string, role: 'user' | 'agent' = 'user') =>
  DeskPerson.come(server.wsUrl, userId, APP, role);

/** Sequences of the messages of a session that came at the inbox, up to the one with this text. */
async function seqsUpTo(person: DeskPerson, text: string): Promise<number[]> {
  const seqs: number[] = [];
  for (;;) {
    const { seq, content } = await person.next('message');
    seqs.push(seq);
    if (content === text) return seqs;
  }
}

const ascending = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('whoever gets a session while its customer writes gets everything in order, each once', async () => {
  const [agent, other, alice] = [
    await come('agent1', 'agent'),
    await come('agent2', 'agent'),
    await come('alice'),
  ];
  await agent.does('status', { status: 'online', capacity: 5 });
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  await other.does('status', { status: 'online', capacity: 5 });
  let [giver, taker] = [agent, other];
  let last = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const taken = { agentId: taker === other ? 'agent2' : 'agent1' };
    const transferAt = (round * STORM) / ROUNDS;
    for (let n = 0; n < STORM; n++) {
      alice.client.sendJson('/app/send', { content: n === STORM - 1 ? `end ${round}` : 'more' });
      if (n === transferAt) giver.client.sendJson('/app/transfer', { sessionId, ...taken });
    }
    last += STORM;
    const told = await seqsUpTo(taker, `end ${round}`);
    assert.deepEqual(told, ascending(Math.max(1, last - told.length + 1), last), `round ${round}`);
    assert.ok(told.length >= Math.min(last, 200), 'all that was said before too');
    await giver.does('sync', {});
    giver.client.takeAt(INBOX);
    [giver, taker] = [taker, giver];
  }
});

test('who is added to a group while others write hears what follows alone, in order, each once', async () => {
  const manager = tokenOf('boss', { app: APP, role: 'admin' });
  const talker = await StompClient.connect(server.wsUrl, tokenOf('talker', { app: APP }));
  const newcomer = await StompClient.connect(server.wsUrl, tokenOf('newcomer', { app: APP }));
  await newcomer.subscribe(INBOX);
  const made = { id: 'crowd', name: 'Crowd', members: [{ userId: 'talker' }] };
  assert.equal((await server.call('POST', '/api/v1/groups', manager, made)).status, 201);
  let isOver = false;
  const talking = (async () => {
    for (let n = 0; !isOver; n++) {
      const text = { toId: 'crowd', chatType: 'GROUP', msgType: 'TEXT', content: `${n}` };
      if (n % 20 === 19) await talker.confirmed('/app/chat.send', text);
      else talker.sendJson('/app/chat.send', text);
    }
  })();
  const member = { members: [{ userId: 'newcomer' }] };
  const added = await server.call('POST', '/api/v1/groups/crowd/members', manager, member);
  assert.ok(added.status < 300, JSON.stringify(added.body));
  const seqs: number[] = [];
  while (seqs.length < 50) seqs.push((await newcomer.nextAt<{ seq: number }>(INBOX)).seq);
  isOver = true;
  await talking;
  const [first = 0] = seqs;
  assert.deepEqual(seqs, ascending(first, first + 49));
  await Promise.all([talker.close(), newcomer.close()]);
});

test('an answer with the history holds nothing that is told after it', async () => {
  const [agent, bob] = [await come('agent3', 'agent'), await come('bob')];
  await agent.does('status', { status: 'online', capacity: 5, skills: ['history'] });
  await bob.does('send', { content: 'help', skill: 'history' });
  const { id: sessionId } = await agent.session('assigned');
  for (let n = 0; n < STORM; n++) {
    bob.client.sendJson('/app/send', { content: n === STORM - 1 ? 'end' : 'more' });
    if (n % 10 === 0) agent.client.sendJson('/app/history', { sessionId, limit: 50 });
  }
  const told: number[] = [];
  let answers = 0;
  while (told.at(-1) !== STORM + 1 || answers < STORM / 10) {
    const body = await agent.client.nextAt<DeskOut>(INBOX);
    if (body.type === 'message') told.push(body.seq);
    if (body.type !== 'history') continue;
    answers++;
    assert.ok((body.messages.at(-1)?.seq ?? 0) <= (told.at(-1) ?? 0), 'was told live before');
  }
  assert.deepEqual(told, ascending(1, STORM + 1));
});
