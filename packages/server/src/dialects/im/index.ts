import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { StompDialectHandler } from '../common/stomp/handler.ts';
import { imAsyncApi } from './asyncapi.ts';
import { imBinding } from './binding.ts';
import { IM } from './catalog.ts';

/**
 * The full chat protocol: a typed envelope in JSON or protobuf, statuses, edits, quotes, forwards and pins.
 *
 * @param tenant whose users it is for, or `ANY_TENANT`
 */
export function im(services: DialectServices, tenant: string): Dialect {
  const binding = imBinding(tenant);
  return {
    name: IM,
    summary: 'Chat with a typed envelope over STOMP, JSON or protobuf bodies',
    paths: ['/ws'],
    openSession: (stomp) => new StompDialectHandler(services, binding, stomp),
  };
}

const PROTO = fileURLToPath(import.meta.resolve('@haina/wire/proto/im.proto'));

/** The AsyncAPI document of the protocol as this version of the server serves it. */
export async function describeIm(version: string): Promise<object> {
  return imAsyncApi({ version, proto: await readFile(PROTO, 'utf8') });
}
