import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireContent } from './content.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Content, JsonValue } from './model.ts';

function taken(text: string, extra: JsonValue = null, type: Content['type'] = 'image'): void {
  requireContent({ type, text, extra }, DEFAULT_LIMITS);
}

test('what clients would open of a picture runs nothing, as a text, in an object, or in JSON as a text', () => {
  const script = 'javascript:alert(1)';
  const refused = [
    [script],
    ['', { url: script }],
    [JSON.stringify({ url: script })],
    [` {"thumbnailUrl":"${script}"}`],
  ] as const;
  for (const [text, extra] of refused) {
    assert.throws(() => taken(text, extra ?? null), { code: 'EINVAL' }, `${text} ${JSON.stringify(extra)}`);
  }
  taken('{"url":"https://example.com/a.png"}');
  taken(`a picture of ${script}`, { url: '/files/1' });
  taken(`{"url":"${script}`);
  taken(JSON.stringify({ url: script }), null, 'custom');
});
