#!/usr/bin/env node
// Starts the command line on the pinned runtime. A Node that is new enough runs it in this very process.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 26;
const entry = new URL('../src/main.ts', import.meta.url);

/** Path of the runtime that npm installed for this platform, or undefined where none is published. */
function pinnedRuntime() {
  const { resolve } = createRequire(import.meta.url);
  for (const name of [
    `node-${process.platform}-${process.arch}`,
    `node-bin-${process.platform}-${process.arch}`,
    `node-win-${process.arch}`,
  ]) {
    try {
      return resolve(`${name}/bin/node${process.platform === 'win32' ? '.exe' : ''}`);
    } catch {
      // not this package: the next name is tried
    }
  }
  return undefined;
}

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  await import(entry.href);
} else {
  const runtime = pinnedRuntime();
  if (!runtime) {
    console.error(
      `haina needs Node ${NEEDED_MAJOR} or newer; this is ${process.version}, and npm has no runtime for it here.`,
    );
    process.exit(1);
  }
  // The channel lets the child notice that its parent is gone, however it went.
  const child = spawn(runtime, [fileURLToPath(entry), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
