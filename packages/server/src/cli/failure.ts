import { StartError } from '../config/start-error.ts';
import { DomainError } from '../core/errors.ts';

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly port?: number;
  readonly address?: string;
  readonly path?: string;
  /** Of SQLite. */
  readonly errcode?: number;
}

/** SQLite's numbers for a full disk, and for what the system refused; the higher bits say where. */
const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/** Causes that the operating system names, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EEXIST: 'it is a file, not a folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EMFILE: 'too many files are open',
};

/** Where the system lets nobody make a folder, as in `/proc`. */
export const NO_FOLDER = 'no folder can be made there';

/** One line for the operator, or undefined for what only a programmer can do something about. */
export function describeFailure(error: unknown): string | undefined {
  if (error instanceof StartError || error instanceof DomainError) return error.message;
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'DataDirInUse') return error.message;
  return describeListening(error) ?? describeStorage(error);
}

function describeListening(error: SystemError): string | undefined {
  const { code, address, port } = error;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${address} is in use; choose another by --port or HAINA_PORT (0 takes any free one)`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this machine; choose another by --host or HAINA_HOST`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host ${(error as { hostname?: string }).hostname} is not known; choose another by --host or HAINA_HOST`;
    case 'EACCES':
      if (port === undefined) return undefined;
      return `this user may not listen on port ${port}; choose one above 1023 by --port or HAINA_PORT`;
    default:
      return undefined;
  }
}

function describeStorage({ code = '', message, path, errcode, syscall }: SystemError): string | undefined {
  const kind = (errcode ?? 0) & 0xff;
  if (kind === SQLITE_FULL) return 'the disk of the data folder is full: make room there, and start again';
  // What SQLite maps into memory fails so on a full disk, too.
  if (kind === SQLITE_IOERR) return 'the disk of the data folder is full or broken; haina doctor tells more';
  if (code === 'ERR_SQLITE_ERROR') return `the database can't be used: ${message}; haina doctor tells more`;
  const reason = code === 'ENOENT' && syscall === 'mkdir' ? NO_FOLDER : reasonOf(code);
  return reason === undefined ? undefined : `can't use ${path ?? 'the data folder'}: ${reason}`;
}

/** What an error code of the operating system means, if it is about files. */
export function reasonOf(code: string): string | undefined {
  return Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}
