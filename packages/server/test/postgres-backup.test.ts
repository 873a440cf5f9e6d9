import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { callApi, historyAt } from './support/chaos/witness.ts';
import { startChildServer } from './support/child-server.ts';
import { POSTGRES } from './support/postgres/program.ts';
import { SKIP_POSTGRES, sharedPostgres } from './support/postgres.ts';
import { LOAD_GROUP, SendLoad } from './support/send-load.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const PAGE = join(import.meta.dirname, '../../../docs/postgresql.md');
const MESSAGES_BEFORE = 1500;
const MESSAGES_MEANWHILE = 300;

/** The command lines of the page, as they are there: those that back up, and those that restore. */
function documented(): { backUp: string; restore: string } {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split('## Backup and restore');
  const blocks = [...(section.split('\n## ')[0] as string).matchAll(/```sh\n(.*?)```/gs)];
  const [backUp, restore] = blocks.map(([, lines]) => lines as string);
  assert.ok(backUp !== undefined && restore !== undefined);
  return { backUp, restore };
}

/** Runs lines in a shell that ends at the first that fails. */
async function runLines(lines: string, env: Readonly<Record<string, string>>): Promise<void> {
  const PATH = [POSTGRES?.bin, process.env.PATH].join(delimiter);
  const shell = spawn('sh', ['-e', '-c', lines], {
    env: { PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  shell.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(shell, 'close');
  assert.deepEqual([code, said], [0, '']);
}

describe('the documented backup of PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'haina-pg-backup-'));
  after(() => rmSync(folder, { recursive: true }));

  test('has all that was confirmed before it began beside a busy server, and a server goes on from it', async (t) => {
    const { backUp, restore } = documented();
    const postgres = await sharedPostgres();
    const BACKUP = join(folder, 'backup');
    const from = { HAINA_STORE: await postgres.createDatabase(), HAINA_DATA_DIR: join(folder, 'data') };
    const server = await startChildServer(from);
    t.after(() => server.stop());
    const load = new SendLoad(server.url);
    await load.start();
    await load.reach(MESSAGES_BEFORE);
    const confirmed = new Map(load.confirmed);
    mkdirSync(BACKUP);
    const backedUp = runLines(backUp, { ...from, BACKUP });
    await load.reach(MESSAGES_MEANWHILE);
    await backedUp;
    await load.stop();

    const to = { HAINA_STORE: await postgres.createDatabase(), HAINA_DATA_DIR: join(folder, 'restored') };
    mkdirSync(to.HAINA_DATA_DIR);
    await runLines(restore, { ...to, BACKUP });
    const restored = await startChildServer(to);
    t.after(() => restored.stop());
    const singles = ['xuqm', 'im'].flatMap((one) =>
      [0, 1, 2, 3].flatMap((a) =>
        [0, 1, 2, 3].map((b) => [`${one}-${a}`, `${one === 'im' ? 'xuqm' : 'im'}-${b}`].sort().join(':')),
      ),
    );
    const found = new Set<string>();
    for (const id of [LOAD_GROUP, ...new Set(singles.map((pair) => `single:${pair}`))]) {
      const messages = await historyAt(restored, id).catch(() => []);
      assert.deepEqual(
        messages.map(({ seq }) => seq),
        messages.map((_, index) => index + 1),
        id,
      );
      for (const { clientId } of messages) found.add(clientId);
    }
    assert.deepEqual(
      [...confirmed.keys()].filter((id) => !found.has(id)),
      [],
    );
    t.diagnostic(
      `${confirmed.size} confirmed before, ${found.size} restored, ${load.confirmed.size} in the end`,
    );
    assert.ok(found.size <= load.confirmed.size);

    const files = [...confirmed.values()].filter((file) => file !== undefined);
    assert.ok(files.length > 0);
    for (const { url, sha256, owner } of files) {
      const headers = { authorization: `Bearer ${tokenOf(owner)}` };
      const response = await fetch(new URL(new URL(url, restored.url).pathname, restored.url), { headers });
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    }

    const before = await newestIn(to.HAINA_STORE);
    const client = await StompClient.connect(restored.wsUrl, tokenOf('xuqm-0'), '/ws/im');
    const body = {
      toId: LOAD_GROUP,
      chatType: 'GROUP',
      messageId: 'afterwards',
      msgType: 'TEXT',
      content: 'x',
    };
    await client.confirmed('/app/chat.send', body);
    await client.close();
    const later = await newestIn(to.HAINA_STORE);
    assert.equal(later.seq, before.seq + 1);
    assert.ok(later.number > before.number);
    assert.equal((await historyAt(restored, LOAD_GROUP)).at(-1)?.clientId, 'afterwards');
    // What the database counts by itself goes on, too.
    const { uid } = await callApi<{ uid: number }>(restored, 'POST', '/users', {
      id: 'later',
      username: 'later',
    });
    assert.ok(uid > 8);
  });

  async function newestIn(store: string): Promise<{ seq: number; number: number }> {
    const rows = await (await sharedPostgres()).admin(
      `SELECT seq, number FROM message WHERE conversation = (SELECT pk FROM conversation WHERE id = '${LOAD_GROUP}')
         ORDER BY seq DESC LIMIT 1`,
      store,
    );
    return { seq: Number(rows[0]?.seq), number: Number(rows[0]?.number) };
  }
});
