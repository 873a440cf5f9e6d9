import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { XuqmError, XuqmMessage } from '@haina/wire';
import { type Haina, start } from '../src/cli/cli-fixture.ts';
import { ERRORS } from './support/refusals.ts';
import { StompClient } from './support/stomp-client.ts';
import { TEST_SECRET } from './support/token.ts';

const DOCS = join(import.meta.dirname, '../../../docs');
const INBOX = '/user/queue/messages';
const WELCOME = '/user/queue/x.welcome';

function blockOf(page: string, language: string): string {
  const [, block] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page) ?? [];
  assert.ok(block, `the page has no ${language}`);
  return block;
}

/** The cells of a row of the table that says what happens. */
function rowOf(page: string, row: number): string {
  const table = page.split(/\n\|---\|---\|\n/)[1] ?? '';
  return table.split('\n')[row] ?? '';
}

for (const name of ['plugins.md', 'plugins.zh-CN.md']) {
  describe(`the worked example of ${name}`, () => {
    const page = readFileSync(join(DOCS, name), 'utf8');
    const folder = mkdtempSync(join(tmpdir(), 'haina-example-'));
    let haina: Haina;
    let alice: StompClient;
    let bob: StompClient;

    before(async () => {
      writeFileSync(join(folder, 'welcome.js'), blockOf(page, 'js'));
      writeFileSync(join(folder, 'haina.json'), blockOf(page, 'json'));
      haina = start(['serve', '--config', 'haina.json'], {
        cwd: folder,
        env: {
          HAINA_SECRET: TEST_SECRET,
          HAINA_PORT: '0',
          HAINA_DATA_DIR: join(folder, 'data'),
          HAINA_PLUGIN_TIMEOUT: '60s',
        },
      });
      const printed = await haina.printed(/listening on \S+/);
      const url = /listening on http(\S+)/.exec(printed)?.[1];
      alice = await StompClient.of(`ws${url}`, 'alice');
      bob = await StompClient.of(`ws${url}`, 'bob');
      for (const destination of [ERRORS, WELCOME]) await alice.subscribe(destination);
      await bob.subscribe(INBOX);
    });
    after(async () => {
      await Promise.all([alice, bob].map((client) => client.drop()));
      haina.child.kill('SIGTERM');
      await haina.ended;
      rmSync(folder, { recursive: true });
    });

    const send = (msgType: string, content: unknown): void =>
      alice.sendJson('/app/chat.send', { toId: 'bob', chatType: 'SINGLE', msgType, content });
    const refusal = async (row: number): Promise<void> => {
      const { code, message } = await alice.nextAt<XuqmError>(ERRORS);
      for (const told of [code, message]) assert.ok(rowOf(page, row).includes(`\`${told}\``), told);
    };

    test('welcomes, and answers with what it counted', async () => {
      alice.sendJson('/app/x.welcome', { userId: 'bob' });
      assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).content, 'Welcome, bob!');
      const answer = JSON.stringify(await alice.nextAt(WELCOME));
      assert.ok(rowOf(page, 4).includes(`\`${answer}\``), answer);
    });

    test('changes smileys', async () => {
      send('TEXT', 'Hi :)');
      assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).content, 'Hi 🙂');
    });

    test('refuses passwords', async () => {
      send('TEXT', 'password: 1234');
      await refusal(1);
    });

    test('takes polls that fit and no others', async () => {
      const poll = { question: 'Lunch?', options: ['noodles', 'rice'] };
      send('x.poll', poll);
      const { msgType, content } = await bob.nextAt<XuqmMessage>(INBOX);
      assert.deepEqual([msgType, content], ['x.poll', poll]);
      send('x.poll', { options: poll.options });
      await refusal(3);
    });

    test('wants to know whom to welcome', async () => {
      alice.sendJson('/app/x.welcome', {});
      await refusal(5);
    });
  });
}
