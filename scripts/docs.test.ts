import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { variableName } from '../packages/server/src/config/load.ts';
import { parseSetting } from '../packages/server/src/config/parse-setting.ts';
import { SETTING_NAMES, settingSchema } from '../packages/server/src/config/settings.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '');

/** The anchor that a Markdown page has for a heading, as forges make it. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

const anchorsIn = (page: string) =>
  [...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Says what is wrong with a link of `page`, or undefined. */
function faultOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return `${page}: no file ${link}`;
  if (anchor !== undefined && !anchorsIn(target).includes(anchor)) return `${page}: no heading ${link}`;
  return undefined;
}

test('each link between the pages leads to a file and a heading', () => {
  const links = PAGES.flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => ({ page, link }))
      .filter(({ link }) => !/^[a-z]+:/.test(link)),
  );
  assert.ok(links.length > 100);
  assert.deepEqual(
    links.map(({ page, link }) => faultOf(page, link)).filter((fault) => fault !== undefined),
    [],
  );
});

/** The rows of the README's table of settings: the names of each, the first one's variable, and their defaults. */
function settingRows(page: string) {
  return [...read(page).matchAll(/^\| (`[^|]*) \| `(HAINA_\w+)`[^|]*\|([^|]*)\|[^|]*\|$/gm)].map(
    ([, names = '', variable, defaults = '']) => ({
      names: [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
      variable,
      defaults: defaults.split(/[,、]/).map((each) => each.trim().replaceAll('`', '')),
    }),
  );
}

for (const page of ['README.md', 'README.zh-CN.md']) {
  test(`${page} has the variables and defaults that the settings have`, () => {
    const rows = settingRows(page);
    assert.ok(rows.length > 40);
    for (const { names, variable, defaults } of rows) {
      for (const [index, name] of names.entries()) {
        const known = SETTING_NAMES.find((setting) => setting === name);
        assert.ok(known, `no setting ${name}`);
        if (index === 0) assert.equal(variable, variableName(known));
        const written = defaults[index] ?? defaults[0] ?? '';
        const schema = settingSchema(known);
        const expected = Array.isArray(schema.default) ? schema.default.join() : (schema.default ?? '');
        assert.deepEqual(written === '' ? '' : parseSetting(schema, written), expected, name);
      }
    }
  });
}
