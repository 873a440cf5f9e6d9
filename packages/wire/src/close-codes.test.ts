import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { CLOSE_CODES, closeOf, type Reconnect } from './close-codes.ts';

interface Page {
  readonly name: string;
  /** What the page says for what the table holds. */
  readonly reconnect: Readonly<Record<string, Reconnect>>;
  readonly saidByError: string;
}

const PAGES: readonly Page[] = [
  {
    name: 'errors.md',
    reconnect: { no: 'no', 'with a new token': 'new-token', yes: 'yes' },
    saidByError: "the ERROR's message",
  },
  {
    name: 'errors.zh-CN.md',
    reconnect: { 否: 'no', 换新令牌: 'new-token', 是: 'yes' },
    saidByError: 'ERROR 的 message',
  },
];

async function cellsOf(page: Page): Promise<string[][]> {
  const text = await readFile(new URL(`../../../docs/${page.name}`, import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows.map((row) => row.split('|').slice(1, -1)).map((cells) => cells.map((cell) => cell.trim()));
}

/** The page's tables of close codes, in its order. */
async function documented(page: Page) {
  const rows = (await cellsOf(page)).filter(([code = '', cause]) => /^\d{4}$/.test(code) && cause);
  return rows.map(([code, cause = '', reason = '', again = '']) => [
    cause.replaceAll('`', ''),
    {
      code: Number(code),
      reason: reason === page.saidByError ? null : reason.replaceAll('`', ''),
      reconnect: page.reconnect[again],
    },
  ]);
}

/** What the page says of a range, such as `4000–4099`. */
async function ranges(page: Page) {
  const rows = (await cellsOf(page)).filter(([range = '']) => /^\d{4}–\d{4}$/.test(range));
  return rows.map(([range = '', again = '']) => {
    const [from = 0, to = 0] = range.split('–').map(Number);
    const said = Object.keys(page.reconnect).find((words) => again.startsWith(words)) ?? '';
    return { from, to, reconnect: page.reconnect[said] };
  });
}

describe('the table of close codes', () => {
  for (const page of PAGES) {
    test(`is that of docs/${page.name}`, async () => {
      assert.deepEqual(await documented(page), Object.entries(CLOSE_CODES));
    });

    test(`tells whether to connect again by the ranges of docs/${page.name}, which leave no gap`, async () => {
      const documentedRanges = await ranges(page);
      for (const { code, reconnect } of Object.values(CLOSE_CODES).filter((close) => close.code >= 4000)) {
        const range = documentedRanges.find(({ from, to }) => from <= code && code <= to);
        assert.equal(reconnect, range?.reconnect, String(code));
      }
      assert.deepEqual(
        documentedRanges.map(({ from }) => from),
        [4000, ...documentedRanges.slice(0, -1).map(({ to }) => to + 1)],
      );
      assert.equal(documentedRanges.at(-1)?.to, 4999);
    });
  }

  test('has one cause for a code, but where SockJS has its own', () => {
    const own = Object.entries(CLOSE_CODES).filter(([cause]) => !cause.startsWith('sockjs-'));
    const codes = own.map(([, { code }]) => code);
    assert.deepEqual(codes, [...new Set(codes)].toSorted());
  });

  test('has codes that a server may send and reasons that a close frame holds', () => {
    for (const { code, reason } of Object.values(CLOSE_CODES)) {
      assert.ok(![1004, 1005, 1006, 1015].includes(code) && code >= 1000 && code < 5000, String(code));
      assert.ok(Buffer.byteLength(reason ?? '') <= 123, reason ?? '');
    }
  });

  test('leaves a reason open to the caller only where it is its own each time', () => {
    assert.deepEqual(closeOf('header', 'Missing id'), { code: 4303, reason: 'Missing id' });
    assert.deepEqual(closeOf('refused', 'because'), { code: 4202, reason: 'Refused' });
  });
});
