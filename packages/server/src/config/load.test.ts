import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Limits } from '../core/limits.ts';
import { DEFAULT_LIMITS } from '../core/limits.ts';
import { flagName, loadConfig, variableName } from './load.ts';
import { nodeName } from './node-name.ts';
import { describeAllowed, parseSetting } from './parse-setting.ts';
import { printConfig } from './print.ts';
import { SETTING_GROUPS, SETTING_NAMES, settingSchema } from './settings.ts';
import { StartError } from './start-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'haina-config-'));
after(() => rmSync(folder, { recursive: true }));

function configFile(content: unknown, name = 'config.json'): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function refusal(input: Parameters<typeof loadConfig>[0]): string {
  try {
    loadConfig(input);
  } catch (error) {
    assert.ok(error instanceof StartError);
    return error.message;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

test('defaults are in force where nothing is set, and the result is frozen', () => {
  const { config, sources } = loadConfig({});
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 8080);
  assert.equal(config.dataDir, './data');
  assert.equal(config.sendRate, 10);
  assert.equal(config.demo, false);
  assert.equal('secret' in config, false);
  assert.equal(sources.port, 'default');
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.allowedOrigins));
  const limits: Limits = config;
  for (const [name, value] of Object.entries(DEFAULT_LIMITS))
    assert.equal(limits[name as keyof Limits], value);
});

test('a flag goes before a variable, a variable before the file, the file before the default', () => {
  const file = configFile({ port: 1, host: 'file.test', sendRate: 3 });
  const env = { HAINA_PORT: '2', HAINA_HOST: 'env.test', HAINA_CONFIG: file };
  const { config, sources } = loadConfig({ flags: { port: '3' }, env });
  assert.deepEqual([config.port, sources.port], [3, 'flag --port']);
  assert.deepEqual([config.host, sources.host], ['env.test', 'variable HAINA_HOST']);
  assert.deepEqual([config.sendRate, sources.sendRate], [3, `file ${file}`]);
  assert.equal(config.maxSubscriptions, 64);
});

test('a named config file goes before HAINA_CONFIG', () => {
  const named = configFile({ port: 7 }, 'named.json');
  const env = { HAINA_CONFIG: join(folder, 'missing.json') };
  assert.equal(loadConfig({ file: named, env }).config.port, 7);
});

test('an empty variable counts as not set', () => {
  assert.equal(loadConfig({ env: { HAINA_PORT: '', HAINA_SECRET: '' } }).config.port, 8080);
});

test('durations and sizes take units, lists take commas, switches take words', () => {
  const { config } = loadConfig({
    env: {
      HAINA_TOKEN_LIFETIME: '7d',
      HAINA_CONNECT_TIMEOUT: '1.5s',
      HAINA_MAX_FRAME_BYTES: '128KiB',
      HAINA_ALLOWED_ORIGINS: 'https://a.test, https://b.test:8443',
      HAINA_METRICS: 'off',
      HAINA_SEND_RATE: '0.5',
    },
  });
  assert.equal(config.tokenLifetime, 604_800_000);
  assert.equal(config.connectTimeout, 1500);
  assert.equal(config.maxFrameBytes, 131_072);
  assert.deepEqual(config.allowedOrigins, ['https://a.test', 'https://b.test:8443']);
  assert.equal(config.metrics, false);
  assert.equal(config.sendRate, 0.5);
});

test('objects by name are JSON in a variable and plain in the file; their values are not printed', () => {
  const options = { 'sensitive-words': { words: ['a secret'] } };
  const fromVariable = loadConfig({ env: { HAINA_PLUGIN_OPTIONS: JSON.stringify(options) } });
  const fromFile = loadConfig({ file: configFile({ pluginOptions: options, plugins: ['sensitive-words'] }) });
  for (const loaded of [fromVariable, fromFile]) {
    assert.deepEqual(loaded.config.pluginOptions, options);
    assert.doesNotMatch(printConfig(loaded), /a secret/);
  }
  assert.deepEqual(fromFile.config.plugins, ['sensitive-words']);
  for (const bad of ['{', '[]', '{"a":1}', '{"a":[]}', 'null']) {
    assert.match(
      refusal({ env: { HAINA_PLUGIN_OPTIONS: bad } }),
      /^the setting pluginOptions must be a JSON object of objects; its value \(not shown\) came from/,
    );
  }
});

test('a refused URL does not show its password', () => {
  const told = refusal({ env: { HAINA_NATS_URL: 'http://me:p@ss/word@nats.example.org' } });
  assert.match(told, /http:\/\/me:\*{8}@nats\.example\.org/);
  const port = refusal({ env: { HAINA_NATS_URL: 'nats://me:hunter2@nats.example.org:notaport' } });
  assert.doesNotMatch(port, /hunter2/);
  assert.match(
    refusal({ env: { HAINA_NATS_URL: 'nats://nats.example.org:65536' } }),
    /^the setting natsUrl must be/,
  );
  assert.match(
    refusal({ env: { HAINA_NATS_URL: 'nats://nats.example.org:0' } }),
    /^the setting natsUrl must be/,
  );
  loadConfig({ env: { HAINA_NATS_URL: 'nats://nats.example.org:65535' } });
  const token = refusal({ env: { HAINA_NATS_URL: 'nats://hunter2@nats.example.org' } });
  assert.doesNotMatch(token, /hunter2/);
});

test('a bad value is refused with its setting, its source and what is allowed', () => {
  assert.equal(
    refusal({ env: { HAINA_PORT: '99999' } }),
    'the setting port must be a whole number from 0 to 65535; "99999" came from variable HAINA_PORT',
  );
  assert.equal(
    refusal({ flags: { logLevel: 'loud' } }),
    'the setting logLevel must be one of silent, fatal, error, warn, info, debug, trace; "loud" came from flag --log-level',
  );
  const file = configFile({ demo: 'perhaps' });
  assert.equal(refusal({ file }), `the setting demo must be true or false; "perhaps" came from file ${file}`);
});

for (const [name, bad] of [
  ['port', '80 80'],
  ['port', '-1'],
  ['port', '8080.5'],
  ['port', ''],
  ['port', '1e3'],
  ['demo', 'constructor'],
  ['tokenLifetime', '5 parsecs'],
  ['tokenLifetime', '0'],
  ['pingInterval', 'h'],
  ['pingInterval', '365d'],
  ['maxFrameBytes', '12'],
  ['allowedOrigins', 'chat.example.org'],
  ['allowedOrigins', 'https://example.org/path'],
  ['trustedProxies', 'everybody'],
  ['jwksUrl', 'file:///etc/passwd'],
  ['sendRate', 'NaN'],
  ['sendRate', '-0.5'],
  ['host', ''],
  ['imApp', 'two words'],
  ['deskApp', 'default,*'],
  ['mimiApp', 'a'.repeat(65)],
] as const) {
  test(`${flagName(name)} "${bad}" is refused`, () => {
    assert.match(refusal({ flags: { [name]: bad } }), new RegExp(`^the setting ${name} must be `));
  });
}

for (const [name, bad] of [
  ['port', true],
  ['port', 80.5],
  ['port', null],
  ['demo', 1],
  ['host', 5],
  ['allowedOrigins', { 0: 'https://a.test' }],
  ['allowedOrigins', [5]],
  ['tokenLifetime', [1000]],
] as const) {
  test(`${name}: ${JSON.stringify(bad)} in the file is refused`, () => {
    assert.match(refusal({ file: configFile({ [name]: bad }) }), new RegExp(`^the setting ${name} must be `));
  });
}

test('endpoints are for the application default, another one, or all; guests need one', () => {
  const of = (flags: Parameters<typeof loadConfig>[0]['flags'] = {}) => {
    const { imApp, mimiApp, deskApp, roomApp } = loadConfig({ flags }).config;
    return [imApp, mimiApp, deskApp, roomApp];
  };
  assert.deepEqual(of(), ['default', 'default', 'default', 'default']);
  assert.deepEqual(of({ imApp: '*', mimiApp: '海纳', deskApp: 'a.b@c-d', roomApp: 'school' }), [
    '*',
    '海纳',
    'a.b@c-d',
    'school',
  ]);
  assert.equal(of({ roomApp: '*', roomAuth: 'token' })[3], '*');
  assert.equal(
    refusal({ flags: { roomApp: '*' } }),
    'roomApp can be * only with roomAuth token: guests have no token that names one',
  );
});

test('a bad secret is refused without being shown', () => {
  assert.doesNotMatch(refusal({ file: configFile({ secret: ['hush-hush'] }) }), /hush/);
});

test('unknown keys of the file are refused, with a guess', () => {
  const file = configFile({ prot: 1 });
  assert.equal(
    refusal({ file }),
    `the config file ${file} has the unknown setting "prot"; did you mean "port"?`,
  );
  assert.match(refusal({ file: configFile('{"__proto__": {"demo": true}}') }), /unknown setting "__proto__"/);
});

test('a file that is missing, no JSON, or no object is refused', () => {
  assert.match(refusal({ file: join(folder, 'none.json') }), /can't read the config file .*none\.json/);
  assert.match(refusal({ file: configFile('{port: 1}') }), /is not valid JSON/);
  assert.match(refusal({ file: configFile('[]') }), /must hold one JSON object/);
});

test('an unknown variable of the prefix is refused with the nearest name', () => {
  assert.equal(
    refusal({ env: { HAINA_PROT: '1', PORT: '2', HAINA_SECRET: 'x' } }),
    'the variable HAINA_PROT is no setting; did you mean "HAINA_PORT"?',
  );
  assert.match(refusal({ env: { HAINA_PLUGIN_FOLDER: 'x' } }), /is no setting; did you mean "HAINA_PLUGIN/);
  assert.match(refusal({ env: { HAINA_: '1' } }), /^the variable HAINA_ is no setting/);
});

test('variables of the tests, and empty ones, are let be', () => {
  loadConfig({ env: { HAINA_FUZZ_SECONDS: '60', HAINA_STORM_SEED: '1', HAINA_PROT: '' } });
});

for (const value of ['30', '1.5', '86400000', '00']) {
  test(`a time of "${value}" without its unit is refused`, () => {
    const allowed = /^the setting connectTimeout must be a time with its unit such as 500ms, 30s/;
    assert.match(refusal({ env: { HAINA_CONNECT_TIMEOUT: value } }), allowed);
    assert.match(refusal({ flags: { connectTimeout: value } }), allowed);
    assert.match(refusal({ file: configFile({ connectTimeout: value }) }), allowed);
  });
}

test('a bus needs a store that nodes share', () => {
  const env = { HAINA_BUS: 'nats://me:p@bus.test:4222,nats://bus2.test' };
  const said = refusal({ env });
  assert.match(said, /^the setting bus, from variable HAINA_BUS, needs nodes that share a store: set store/);
  assert.doesNotMatch(said, /\n/);
  const { config } = loadConfig({ env: { ...env, HAINA_STORE: 'postgres://me:p@db.test/haina' } });
  assert.deepEqual(config.bus, ['nats://me:p@bus.test:4222', 'nats://bus2.test']);
  for (const wrong of ['http://bus.test', 'nats://', 'nats://a@bus.test', 'bus.test:4222']) {
    assert.match(refusal({ env: { HAINA_BUS: wrong } }), /^the setting bus must be URLs such as nats:/);
  }
});

test('nodes and clusters have names that fit where they are used', () => {
  assert.equal(loadConfig({}).config.cluster, 'haina');
  assert.equal(loadConfig({ env: { HAINA_NODE: 'haina-0' } }).config.node, 'haina-0');
  for (const wrong of ['a.b', 'a b', '*', '海', 'x'.repeat(49)]) {
    assert.match(refusal({ flags: { node: wrong } }), /^the setting node must be 1 to 48 letters, digits/);
    assert.match(refusal({ flags: { cluster: wrong } }), /^the setting cluster must be 1 to 48 letters/);
  }
});

test('a node without a name has one by chance, and one that has its store for itself is main', () => {
  const shared = { store: 'postgres://me:p@db.test/haina' };
  assert.equal(nodeName({ store: 'sqlite' }), 'main');
  assert.equal(nodeName({ store: 'sqlite', node: 'own' }), 'own');
  assert.equal(nodeName({ ...shared, node: 'own' }), 'own');
  assert.notEqual(nodeName(shared), nodeName(shared));
  assert.equal(loadConfig({ flags: { node: nodeName(shared) } }).config.cluster, 'haina');
});

test('0 needs no unit, and numbers in the file are ms', () => {
  assert.equal(loadConfig({ env: { HAINA_PING_INTERVAL: '0' } }).config.pingInterval, 0);
  assert.equal(loadConfig({ file: configFile({ connectTimeout: 7000 }) }).config.connectTimeout, 7000);
});

test('secrets and passwords in URLs are masked in print, and sources are told', () => {
  const env = { HAINA_SECRET: 'hush-hush', HAINA_JWKS_URL: 'https://me:hush-hush@keys.test/jwks' };
  const printed = printConfig(loadConfig({ env, flags: { port: '0' } }));
  assert.doesNotMatch(printed, /hush/);
  const parsed = JSON.parse(printed);
  assert.deepEqual(parsed.secret, { value: '********', from: 'variable HAINA_SECRET' });
  assert.deepEqual(parsed.port, { value: 0, from: 'flag --port' });
  assert.deepEqual(parsed.publicKeyFile, { value: null, from: 'default' });
  assert.deepEqual(Object.keys(parsed), SETTING_NAMES);
});

test('every setting has a description, a group, an allowed form, and a default that it allows', () => {
  const grouped = Object.values(SETTING_GROUPS).flat();
  assert.deepEqual([...grouped].sort(), [...SETTING_NAMES].sort());
  for (const name of SETTING_NAMES) {
    const schema = settingSchema(name);
    assert.match(schema.description, /\.$/, name);
    assert.ok(describeAllowed(schema).length > 5, name);
    if (schema.default !== undefined)
      assert.deepEqual(parseSetting(schema, schema.default), schema.default, name);
  }
});

test('names of flags and variables follow from the setting', () => {
  assert.equal(flagName('maxFrameBytes'), '--max-frame-bytes');
  assert.equal(variableName('maxFrameBytes'), 'HAINA_MAX_FRAME_BYTES');
  assert.equal(variableName('dataDir'), 'HAINA_DATA_DIR');
});
