import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Account, faultsOf, type Outcome } from './faults.ts';

const ACCOUNTS: readonly Account[] = [
  { user: 'ann', confirmed: ['ann-0', 'ann-1'], repeated: new Set() },
  { user: 'bob', confirmed: ['bob-1', 'bob-0'], repeated: new Set(['bob-0']) },
  { user: 'cat', confirmed: ['cat-0'], repeated: new Set() },
];

/** A group and a chat, each with its messages from 1 on. */
function outcomeOf(group: readonly string[], chat: readonly string[], missed = [...chat, ...group]): Outcome {
  const numbered = (ids: readonly string[]) => ids.map((clientId, index) => ({ clientId, seq: index + 1 }));
  return {
    stored: new Map([
      ['group', numbered(group)],
      ['chat', numbered(chat)],
    ]),
    missed,
  };
}

const GROUP = ['ann-0', 'bob-1', 'ann-1', 'bob-0'];
const CHAT = ['cat-0'];

test('what was confirmed, once and in order, has no faults', () => {
  assert.deepEqual(faultsOf(ACCOUNTS, outcomeOf(GROUP, CHAT)), []);
});

const FAULTY: Readonly<Record<string, [Outcome, RegExp]>> = {
  'a confirmed message that is not stored': [outcomeOf(GROUP, []), /stored: cat-0 is missing/],
  'a confirmed message that nobody was told': [outcomeOf(GROUP, CHAT, GROUP), /missed: cat-0 is missing/],
  'a message that is stored twice': [outcomeOf([...GROUP, 'ann-1'], CHAT), /stored: ann-1 twice/],
  'a message that is stored in two conversations': [
    outcomeOf(GROUP, [...CHAT, 'ann-1']),
    /stored: ann-1 twice/,
  ],
  'a message that is told twice': [
    outcomeOf(GROUP, CHAT, [...CHAT, ...GROUP, 'bob-1']),
    /missed: bob-1 twice/,
  ],
  'a message that nobody was told of as stored': [
    outcomeOf([...GROUP, 'ann-9'], CHAT),
    /stored: ann-9 was never confirmed/,
  ],
  'two messages of one person that changed places': [
    outcomeOf(['ann-1', 'bob-1', 'ann-0', 'bob-0'], CHAT),
    /stored: ann-0 after one that ann sent later/,
  ],
  'two messages that changed places on the way to a client': [
    outcomeOf(GROUP, CHAT, [...CHAT, 'bob-1', 'ann-0', 'ann-1', 'bob-0']),
    /group: told is bob-1 where ann-0 is stored/,
  ],
};

for (const [what, [outcome, words]] of Object.entries(FAULTY)) {
  test(`${what} is a fault`, () => {
    assert.match(faultsOf(ACCOUNTS, outcome).join('\n'), words);
  });
}

test('a gap in a sequence is a fault', () => {
  const { stored, missed } = outcomeOf(GROUP, CHAT);
  const withGap = [...GROUP.entries()].map(([index, clientId]) => ({
    clientId,
    seq: index < 2 ? index + 1 : index + 2,
  }));
  const faults = faultsOf(ACCOUNTS, { stored: new Map([...stored, ['group', withGap]]), missed });
  assert.match(faults.join('\n'), /group: ann-1 has sequence 4 in the wrong place/);
});

test('two confirmations of one message are a fault', () => {
  const accounts = [{ user: 'ann', confirmed: ['ann-0', 'ann-0'], repeated: new Set<string>() }];
  assert.match(faultsOf(accounts, outcomeOf(['ann-0'], [])).join('\n'), /confirmed to ann: ann-0 twice/);
});
