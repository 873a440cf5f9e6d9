import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DomainError, ERROR_CODES, type ErrorCode } from '../../core/errors.ts';
import { failure } from './status.ts';

const DOCS = join(import.meta.dirname, '../../../../../docs');

for (const page of ['errors.md', 'errors.zh-CN.md']) {
  test(`${page} has the number of every refusal`, () => {
    const text = readFileSync(join(DOCS, page), 'utf8');
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const [, documented] = new RegExp(`^\\| \`${code}\` \\|.*\\| (-\\d+) \\|$`, 'm').exec(text) ?? [];
      assert.equal(Number(documented), failure(new DomainError(code, ''), { msgID: null }).code, code);
    }
  });
}
