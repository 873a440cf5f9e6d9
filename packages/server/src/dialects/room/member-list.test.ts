import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemberList } from './member-list.ts';
import { renderMember } from './render.ts';

const person = (id: string, nickname = id) => ({
  id,
  profile: { name: '张三', number: '', nickname, avatar: '' },
});

test('whoever comes and goes, the list holds who is there in the order of coming', () => {
  const step = fc.record({
    id: fc.integer({ min: 0, max: 30 }).map(String),
    nickname: fc.string({ unit: 'grapheme' }),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const list = new MemberList([]);
      const expected = new Map<string, ReturnType<typeof person>>();
      for (const { id, nickname, leaves } of steps) {
        if (leaves) {
          list.remove({ id });
          expected.delete(id);
        } else {
          list.add(person(id, nickname));
          if (!expected.has(id)) expected.set(id, person(id, nickname));
        }
        assert.deepEqual(JSON.parse(list.encode().toString()), [...expected.values()].map(renderMember));
        assert.equal(list.size, expected.size);
      }
    }),
    { numRuns: 50 },
  );
});

test('a list that many came into and left does not grow', () => {
  const list = new MemberList([person('first')]);
  for (let n = 0; n < 10_000; n++) {
    list.add(person(`guest ${n}`));
    if (n > 10) list.remove({ id: `guest ${n - 10}` });
  }
  const encoded = list.encode();
  assert.ok(encoded.length < 200_000, `${encoded.length} bytes`);
  assert.equal(JSON.parse(encoded.toString()).length, list.size);
});

test('what was encoded before stays as it was', () => {
  const list = new MemberList([person('one'), person('two')]);
  const before = list.encode();
  const text = before.toString();
  list.remove({ id: 'one' });
  list.add(person('three'));
  assert.equal(before.toString(), text);
});

test('a member is encoded once, however many are told of it', (t) => {
  const stringify = t.mock.method(JSON, 'stringify');
  const list = new MemberList(Array.from({ length: 100 }, (_, n) => person(String(n))));
  for (let i = 0; i < 100; i++) list.encode();
  assert.equal(stringify.mock.callCount(), 100);
});
