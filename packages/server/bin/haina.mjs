#!/usr/bin/env node
// Starts the command line on the pinned runtime. A Node that is new enough runs it in this very process.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 26;
/**
 * What glibc reads when a process begins. By itself it keeps blocks of the size of a password's hash (19 MiB) in its arenas
 * once one was freed: with this, whatever is larger goes back to the system.
 */
const ALLOCATOR = process.platform === 'linux' ? { MALLOC_MMAP_THRESHOLD_: String(1 << 20) } : {};
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

/**
 * Begins this process again where the allocator was not set up as it is started. Not for short commands, and not where
 * a channel to the starter would be lost.
 */
function setUpAllocator() {
  const isSetUp = Object.keys(ALLOCATOR).every((name) => name in process.env);
  if (isSetUp || process.argv[2] !== 'serve' || process.connected) return;
  const args = [process.execPath, ...process.execArgv, fileURLToPath(entry), ...process.argv.slice(2)];
  process.execve(process.execPath, args, { ...process.env, ...ALLOCATOR });
}

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  setUpAllocator();
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
    env: { ...ALLOCATOR, ...process.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
