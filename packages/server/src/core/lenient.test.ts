import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { DomainError } from './errors.ts';
import { lenientReader, valueReader } from './json.ts';
import { lenient } from './lenient.ts';

const FORM = Type.Intersect([
  Type.Object({
    id: Type.String(),
    count: Type.Optional(Type.Integer({ minimum: 0 })),
    kind: Type.Optional(Type.Enum([1, 2])),
    isOpen: Type.Optional(Type.Boolean()),
    nothing: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    extra: Type.Optional(Type.Object({ width: Type.Optional(Type.Number()), url: Type.String() })),
    list: Type.Optional(Type.Array(Type.Object({ seq: Type.Integer() }))),
  }),
  Type.Object({ anything: Type.Optional(Type.Unknown()) }),
]);
const read = lenientReader(FORM);

test('an optional field that is null is absent, at every depth', () => {
  const value = {
    id: 'a',
    count: null,
    kind: null,
    isOpen: null,
    extra: { width: null, url: 'x' },
    list: null,
  };
  assert.deepEqual(read(value), { id: 'a', extra: { url: 'x' } });
  assert.equal(value.count, null, 'what was given is left alone');
});

test('null stays where the form takes it, or where nobody says what may be there', () => {
  const value = { id: 'a', nothing: null, anything: null, unknown: null, count: null };
  assert.deepEqual(read(value), { id: 'a', nothing: null, anything: null, unknown: null });
});

test('a needed field that is null is refused', () => {
  assert.throws(() => read({ id: null }), { code: 'EINVAL', field: 'id' });
  assert.throws(() => read({ id: 'a', extra: { url: null } }), { code: 'EINVAL', field: 'extra.url' });
});

test('numbers, texts and booleans stand for one another where they say the same', () => {
  assert.deepEqual(
    read({
      id: 1001,
      count: '2',
      kind: '1',
      isOpen: 'true',
      extra: { url: true, width: '1.5' },
      list: [{ seq: ' 7 ' }],
    }),
    { id: '1001', count: 2, kind: 1, isOpen: true, extra: { url: 'true', width: 1.5 }, list: [{ seq: 7 }] },
  );
});

test('a wrong kind of thing stays refused, and the field named', () => {
  for (const [value, field] of [
    [{ id: {} }, 'id'],
    [{ id: ['a'] }, 'id'],
    [{ id: 1.5 }, 'id'],
    [{ id: 'a', count: 'two' }, 'count'],
    [{ id: 'a', count: '1.5' }, 'count'],
    [{ id: 'a', count: '-1' }, 'count'],
    [{ id: 'a', count: [1] }, 'count'],
    [{ id: 'a', kind: '3' }, 'kind'],
    [{ id: 'a', isOpen: 'yes' }, 'isOpen'],
    [{ id: 'a', list: {} }, 'list'],
  ] as const) {
    assert.throws(() => read(value), { code: 'EINVAL', field }, JSON.stringify(value));
  }
});

test('without leniency for scalars only nulls go', () => {
  assert.deepEqual(lenient(FORM, { id: 1, count: null, kind: '1' }, { scalars: false }), {
    id: 1,
    kind: '1',
  });
});

test('an exact reader takes nothing for something else', () => {
  const exact = valueReader(FORM);
  assert.throws(() => exact({ id: 1 }), { code: 'EINVAL', field: 'id' });
  assert.throws(() => exact({ id: 'a', count: null }), { code: 'EINVAL', field: 'count' });
});

test('whatever comes is read or refused', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('id', 'count', 'extra', 'list'), (value, name) => {
      try {
        read({ id: 'a', [name]: value });
      } catch (error) {
        assert.ok(error instanceof DomainError);
      }
    }),
  );
});
