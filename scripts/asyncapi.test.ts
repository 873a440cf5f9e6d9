import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Parser } from '@asyncapi/parser';
import { ImMessageType } from '@haina/wire';
import { describeIm } from '../packages/server/src/dialects/im/index.ts';
import { BODY_FORMS } from '../packages/server/src/dialects/im/schemas.ts';
import { VERSION } from '../packages/server/src/version.ts';

const ROOT = join(import.meta.dirname, '..');
const written = readFileSync(join(ROOT, 'docs/asyncapi/im.json'), 'utf8');

test('the AsyncAPI document is what the schemas say (else: npm run generate)', async () => {
  assert.deepEqual(JSON.parse(written), await describeIm(VERSION));
});

test('the AsyncAPI document is valid, and nothing in it is to be warned of', async () => {
  const { document, diagnostics } = await new Parser().parse(written);
  assert.deepEqual(
    diagnostics.map(({ code, message, path }) => `${code} at ${path.join('.')}: ${message}`),
    [],
  );
  assert.ok(document);
  const operations = document.allOperations().all();
  const addressesOf = (wanted: (operation: (typeof operations)[number]) => boolean) =>
    operations.filter(wanted).flatMap((operation) =>
      operation
        .channels()
        .all()
        .map((channel) => channel.address()),
    );
  const taken = addressesOf((operation) => operation.isReceive()).filter((address) => address !== null);
  assert.deepEqual(taken.sort(), Object.keys(BODY_FORMS).sort());
  const told = addressesOf((operation) => operation.isSend());
  assert.ok(told.includes('/topic/conversation/{conversationId}') && told.includes('/user/queue/errors'));
  const types = document
    .allMessages()
    .all()
    .map((message) => message.title());
  for (const name of Object.keys(ImMessageType)) assert.ok(types.includes(name), `${name} is not described`);
});
