import type { StompFrame } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import { MAX_DEVICE_ID_LENGTH } from '../../core/messages.ts';
import type { Principal } from '../../core/model.ts';
import { requireLength } from '../../core/validate.ts';
import type { Connection } from '../../transport/connection.ts';
import { headerOf } from '../common/credentials.ts';
import { errorTextOf, type StompBinding } from '../common/stomp/binding.ts';
import type { ImClient } from './answers.ts';
import { IM } from './catalog.ts';
import { requireEncoding } from './encoding.ts';
import { imSession } from './session.ts';

/** @param tenant whose users the endpoint is for, or `ANY_TENANT` */
export function imBinding(tenant: string): StompBinding {
  return {
    dialect: IM,
    tenant,
    errorText,
    admit(principal, frame, { connection }) {
      requireOwn(principal, frame);
      const client = clientOf(connection, frame);
      return { open: (session) => imSession(session, client) };
    },
  };
}

/** A CONNECT that asks for what there is not gets no error queue: the code stands in the text. */
function errorText(refusal: DomainError): string {
  const text = errorTextOf(refusal);
  return refusal.code === 'EINVAL' ? `EINVAL: ${text}` : text;
}

function requireOwn(principal: Principal, { headers }: StompFrame): void {
  const userId = headerOf(headers, 'userId');
  if (userId === undefined || userId === principal.userId) return;
  throw new DomainError('EAUTH', 'the token is of another user', {
    reason: 'token-refused',
    whom: principal.userId,
  });
}

function clientOf(connection: Connection, { headers }: StompFrame): ImClient {
  return {
    encoding: requireEncoding(connection, headerOf(headers, 'accept'), 'json'),
    deviceId: requireLength(headerOf(headers, 'deviceId') ?? '', 'deviceId', 0, MAX_DEVICE_ID_LENGTH),
  };
}
