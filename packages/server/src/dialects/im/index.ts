import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { StompSession } from '../../stomp/session.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { imAsyncApi } from './asyncapi.ts';
import { IM } from './catalog.ts';
import { ImHandler } from './handler.ts';

/**
 * The full chat protocol: a typed envelope in JSON or protobuf, statuses, edits, quotes, forwards and pins.
 *
 * @param tenant whose users it is for, or `ANY_TENANT`
 */
export function im(services: DialectServices, tenant: string): Dialect {
  return {
    name: IM,
    summary: 'Chat with a typed envelope over STOMP, JSON or protobuf bodies',
    paths: ['/ws'],
    openSession: (stomp: StompSession) => new ImHandler(services, stomp, tenant),
  };
}

const PROTO = fileURLToPath(import.meta.resolve('@haina/wire/proto/im.proto'));

/** The AsyncAPI document of the protocol as this version of the server serves it. */
export async function describeIm(version: string): Promise<object> {
  return imAsyncApi({ version, proto: await readFile(PROTO, 'utf8') });
}
