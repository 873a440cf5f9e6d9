import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';

type TlsAddress = Pick<PostgresAddress, 'sslMode' | 'sslRootCert' | 'sslCert' | 'sslKey'>;

/** How a connection is encrypted and whom it trusts; false: not at all. Throws a `StartError` for a file that can't be read. */
export function tlsOptions({ sslMode, sslRootCert, sslCert, sslKey }: TlsAddress): ConnectionOptions | false {
  if (sslMode === 'disable') return false;
  return {
    ...(sslRootCert === undefined ? {} : { ca: readPem('sslrootcert', sslRootCert) }),
    ...(sslCert === undefined ? {} : { cert: readPem('sslcert', sslCert) }),
    ...(sslKey === undefined ? {} : { key: readPem('sslkey', sslKey) }),
    ...(sslMode === 'prefer' || sslMode === 'require' ? { rejectUnauthorized: false } : {}),
    // The authority counts, whatever name the certificate is for.
    ...(sslMode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Read for each connection, so that renewed files count at the next one. */
function readPem(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new StartError(`can't read ${file}, the ${parameter} of HAINA_STORE: ${code}`, { cause });
  }
}
