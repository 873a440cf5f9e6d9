import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run, start } from '../src/cli/cli-fixture.ts';
import { TEST_SECRET } from './support/token.ts';

const folder = mkdtempSync(join(tmpdir(), 'haina-plugins-'));
after(() => rmSync(folder, { recursive: true }));

const DEFINE = "import { definePlugin } from 'haina/plugin';\nexport default definePlugin(";
const FILES = {
  'fine.js': `${DEFINE}{ setup: () => ({}) });`,
  'typed.ts': `${DEFINE}{ setup: (options: object) => ({}) });`,
  'other/fine.js': `${DEFINE}{ setup: () => ({}) });`,
  'broken.js': 'export default {',
  'empty.js': '',
  'throws.js': `${DEFINE}{ setup() { throw new Error('no key for the translator'); } });`,
  'exits.js': 'process.exit(3);',
  'options.js': `${DEFINE}{ options: { type: 'object', required: ['key'] }, setup: () => ({}) });`,
  'typo.js': `${DEFINE}{ setup: () => ({ intercept: { 'message.sent'() {} } }) });`,
  'poll.js': `${DEFINE}{ setup: () => ({ messageTypes: { 'x.poll': { schema: {} } } }) });`,
  'vote.js': `${DEFINE}{ setup: () => ({ messageTypes: { 'x.poll': { schema: {} } } }) });`,
  'send.js': `${DEFINE}{ setup: () => ({ destinations: { '/app/chat.send': { handle() {} } } }) });`,
  'queue.js': `${DEFINE}{ setup: () => ({ queues: ['/user/queue/messages'] }) });`,
  'answer.js': `${DEFINE}{ setup: () => ({ destinations: { '/shop/errors': { handle() {} } } }) });`,
  'topic.js': `${DEFINE}{ setup: () => ({ only: { dialects: ['xuqm'] }, queues: ['/topic/prices'] }) });`,
  'stock.js': `${DEFINE}{ setup: () => ({ only: { dialects: ['xuqm'] }, queues: ['/topic/prices'] }) });`,
  'desk.js': `${DEFINE}{ setup: () => ({ queues: ['/topic/prices'] }) });`,
  'node_modules/@our/plugin/package.json': '{"type":"module","exports":{"import":"./main.js"}}',
  'node_modules/@our/plugin/main.js': `${DEFINE}{ setup: () => ({}) });`,
};
for (const [name, content] of Object.entries(FILES)) {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
}

function options(plugins: string, pluginOptions = '{}') {
  const env = {
    HAINA_SECRET: TEST_SECRET,
    HAINA_PORT: '0',
    HAINA_DATA_DIR: join(folder, 'data'),
    HAINA_PLUGINS: plugins,
    HAINA_PLUGIN_OPTIONS: pluginOptions,
  };
  return { cwd: folder, env };
}

for (const [plugins, pluginOptions, line] of [
  ['./missing.js', '{}', /^the plug-in \.\/missing\.js can't be used: Cannot find module '.*missing\.js'$/],
  [
    'missing-package',
    '{}',
    /^the plug-in missing-package can't be used: Cannot find package 'missing-package'; the plug-ins that come with the server are sensitive-words, strip-html, audit-log$/,
  ],
  ['./broken.js', '{}', /^the plug-in \.\/broken\.js can't be used: Unexpected end of input$/],
  ['./empty.js', '{}', /^the plug-in \.\/empty\.js can't be used: its default export is no plug-in/],
  ['./throws.js', '{}', /^the plug-in \.\/throws\.js can't be used: no key for the translator$/],
  ['./exits.js', '{}', /^the plug-in \.\/exits\.js can't be used: it ended with 3 while it was set up$/],
  ['./options.js', '{}', /^the plug-in \.\/options\.js can't be used: options\.key is missing$/],
  [
    './fine.js,./typo.js',
    '{}',
    /^the plug-in \.\/typo\.js can't be used: "message\.sent" is not known as intercept/,
  ],
  ['./fine.js,./other/fine.js', '{}', /^plugins has two that are called "fine"$/],
  ['./poll.js,./vote.js', '{}', /^the plug-ins poll and vote both add x\.poll$/],
  ['./send.js', '{}', /^the plug-in send adds \/app\/chat\.send, which xuqm has itself$/],
  ['./queue.js', '{}', /^the plug-in queue adds \/user\/queue\/messages, which xuqm has itself$/],
  ['./answer.js', '{}', /^the plug-in answer adds \/user\/queue\/errors, which xuqm has itself$/],
  ['./desk.js', '{}', /^the plug-in desk adds \/topic\/prices, which desk has itself$/],
  ['./topic.js,./stock.js', '{}', /^the plug-ins topic and stock both add \/topic\/prices$/],
  ['./fine.js', '{"fein":{}}', /^pluginOptions has options of "fein", which is none of the plugins$/],
  ['sensitive-words', '{}', /^the plug-in sensitive-words can't be used: it needs words/],
  [
    './fine.js',
    '["fine"]',
    /^the setting pluginOptions must be a JSON object of objects; its value \(not shown\) came/,
  ],
] as const) {
  test(`plug-ins ${plugins} with ${pluginOptions} keep the server from starting, in one line`, async () => {
    const { code, stdout, stderr } = await run(['serve'], options(plugins, pluginOptions));
    assert.match(stderr, /^haina: .*\n$/);
    assert.match(stderr.slice('haina: '.length, -1), line);
    assert.deepEqual([code, stdout], [1, '']);
  });
}

test('files in JavaScript and TypeScript and packages beside them are plug-ins', async () => {
  const haina = start(['serve'], options('./fine.js,typed.ts,@our/plugin,./topic.js'));
  await haina.printed(/listening on/);
  haina.child.kill('SIGTERM');
  const { code, stderr } = await haina.ended;
  assert.deepEqual([code, stderr], [0, '']);
});
