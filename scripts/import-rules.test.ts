import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const SERVER = 'packages/server/src';

/** What each room of the house may import of ours, itself apart. `type:` allows types only. Kept with ARCHITECTURE.md. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  'packages/wire/src': [],
  [`${SERVER}/core`]: [],
  [`${SERVER}/transport`]: ['packages/wire/src'],
  [`${SERVER}/stomp`]: ['packages/wire/src', `${SERVER}/transport`],
  [`${SERVER}/hub`]: [`${SERVER}/core`, `type:${SERVER}/transport`, `${SERVER}/transport/payload.ts`],
  [`${SERVER}/store`]: [
    `${SERVER}/core`,
    `type:${SERVER}/config`,
    `${SERVER}/config/start-error.ts`,
    `${SERVER}/config/tls-fault.ts`,
    `${SERVER}/make-folder.ts`,
    `${SERVER}/start-wait.ts`,
    `type:${SERVER}/log`,
  ],
  [`${SERVER}/log`]: [`${SERVER}/core`, `type:${SERVER}/bus`],
  [`${SERVER}/bus`]: [
    `type:${SERVER}/core/ports`,
    `type:${SERVER}/config`,
    `${SERVER}/config/nats-access.ts`,
    `${SERVER}/config/start-error.ts`,
    `${SERVER}/config/tls-fault.ts`,
    `${SERVER}/start-wait.ts`,
    `${SERVER}/store/postgres/connect.ts`,
    `${SERVER}/store/postgres/start.ts`,
  ],
  [`${SERVER}/redis`]: [
    `type:${SERVER}/config`,
    `${SERVER}/config/start-error.ts`,
    `${SERVER}/config/tls-fault.ts`,
    `${SERVER}/start-wait.ts`,
  ],
  [`${SERVER}/presence`]: [
    `${SERVER}/core`,
    `${SERVER}/redis`,
    `type:${SERVER}/config`,
    `${SERVER}/store/postgres/connect.ts`,
    `${SERVER}/store/postgres/errors.ts`,
  ],
  [`${SERVER}/processes`]: [],
  [`${SERVER}/files`]: [
    `${SERVER}/core`,
    `${SERVER}/config`,
    `${SERVER}/processes`,
    `${SERVER}/make-folder.ts`,
  ],
  [`${SERVER}/config`]: [`${SERVER}/core`, `${SERVER}/make-folder.ts`],
  [`${SERVER}/auth`]: [`${SERVER}/core`, `${SERVER}/config`],
  [`${SERVER}/events`]: [
    `${SERVER}/core`,
    `type:${SERVER}/config`,
    `${SERVER}/config/nats-access.ts`,
    `${SERVER}/config/start-error.ts`,
    `type:${SERVER}/observe`,
  ],
  [`${SERVER}/observe`]: [`type:${SERVER}/config`],
  [`${SERVER}/dialects`]: [
    'packages/wire/src',
    `${SERVER}/core`,
    `${SERVER}/stomp`,
    `${SERVER}/hub`,
    `${SERVER}/auth`,
    `type:${SERVER}/transport`,
    `${SERVER}/transport/payload.ts`,
    `${SERVER}/config/start-error.ts`,
    `type:${SERVER}/observe`,
  ],
  [`${SERVER}/plugins`]: [
    `${SERVER}/core`,
    `${SERVER}/processes`,
    `type:${SERVER}/dialects/common`,
    `${SERVER}/config/start-error.ts`,
    `${SERVER}/make-folder.ts`,
    `type:${SERVER}/observe`,
  ],
  [`${SERVER}/backup`]: [
    `${SERVER}/store`,
    `${SERVER}/files`,
    `${SERVER}/config/start-error.ts`,
    `${SERVER}/make-folder.ts`,
    `${SERVER}/version.ts`,
  ],
  [`${SERVER}/http`]: [
    `${SERVER}/core`,
    `${SERVER}/auth`,
    `type:${SERVER}/config`,
    `type:${SERVER}/events`,
    `type:${SERVER}/observe`,
  ],
};

/** Where the parts are put together: it may import everything. */
const COMPOSITION_ROOT = `${SERVER}/compose`;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s(?:[^;'"]*?from\s)?['"]([^'"]+)['"]/gm);
  return [...statements].flatMap(([statement, specifier = '']) => {
    const target = resolve(file, specifier);
    return target === undefined
      ? []
      : [{ file, target, typeOnly: /^(import|export)\s+type\s/.test(statement) }];
  });
}

/** The project's file that a specifier means; undefined for a package of others. */
function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(ROOT, join(ROOT, dirname(file), specifier));
  if (specifier === '@haina/wire') return 'packages/wire/src/index.ts';
  if (specifier === 'haina/plugin') return `${SERVER}/plugins/api.ts`;
  if (specifier === 'haina') return `${SERVER}/index.ts`;
  return undefined;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function isAllowed({ target, typeOnly }: Import, room: string, allowed: readonly string[]): boolean {
  if (isInside(target, room)) return true;
  return allowed.some((rule) => {
    const [folder, needsType] = rule.startsWith('type:') ? [rule.slice(5), true] : [rule, false];
    return isInside(target, folder) && (typeOnly || !needsType);
  });
}

for (const [room, allowed] of Object.entries(RULES)) {
  test(`${room} imports only what it may`, () => {
    const files = globSync(`${room}/**/*.ts`, { cwd: ROOT }).filter((file) => !isTestCode(file));
    assert.ok(files.length > 0, `${room} holds no code`);
    const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found, room, allowed));
    assert.deepEqual(
      broken.map(({ file, target }) => `${file} imports ${target}`),
      [],
    );
  });
}

test('every folder of the server has its rule', () => {
  const folders = new Set(
    globSync(`${SERVER}/*/**/*.ts`, { cwd: ROOT }).map((file) => file.split('/').slice(0, 4).join('/')),
  );
  // The outermost rooms: they start whatever there is.
  folders.delete(`${SERVER}/cli`);
  folders.delete(COMPOSITION_ROOT);
  assert.deepEqual(
    [...folders].filter((folder) => !(folder in RULES)),
    [],
  );
});

test('only the composition root and the adapters know the store as a whole', () => {
  const whole = `${SERVER}/core/ports/store.ts`;
  const mayKnow = [`${SERVER}/store`, COMPOSITION_ROOT];
  const files = globSync(`${SERVER}/**/*.ts`, { cwd: ROOT }).filter((file) => !isTestCode(file));
  const found = files.flatMap(importsOf).filter(({ target }) => target === whole);
  assert.ok(found.length > 0, 'nobody imports the port');
  assert.deepEqual(
    found.map(({ file }) => file).filter((file) => !mayKnow.some((place) => isInside(file, place))),
    [],
  );
});

test('one place chooses the store adapter; the command line, the backup, the bus and presence know its files', () => {
  const mayKnow = [
    `${SERVER}/store`,
    `${COMPOSITION_ROOT}/store.ts`,
    `${SERVER}/cli/database.ts`,
    `${SERVER}/cli/doctor.ts`,
    `${SERVER}/cli/doctor-table.ts`,
    `${SERVER}/cli/copy.ts`,
    `${SERVER}/backup`,
    `${SERVER}/bus/notify`,
    `${SERVER}/presence/postgres`,
  ];
  const files = globSync(`${SERVER}/**/*.ts`, { cwd: ROOT }).filter((file) => !isTestCode(file));
  const found = files.flatMap(importsOf).filter(({ target }) => isInside(target, `${SERVER}/store`));
  assert.ok(found.some(({ file }) => file === `${COMPOSITION_ROOT}/store.ts`));
  assert.deepEqual(
    found.map(({ file }) => file).filter((file) => !mayKnow.some((place) => isInside(file, place))),
    [],
  );
});

function isTestCode(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/') || /-(fixture|contract)\.ts$/.test(file);
}
