import { DomainError } from '../../core/errors.ts';
import type { Core } from '../../core/index.ts';
import type { DialectServices } from '../common/services.ts';
import type { Admission, StompBinding } from '../common/stomp/binding.ts';
import { MIMI } from './name.ts';
import { type MimiUser, mimiSession } from './session.ts';
import { failure } from './status.ts';

/** @param tenant whose users the endpoint is for, or `ANY_TENANT` */
export function mimiBinding({ core }: DialectServices, tenant: string): StompBinding {
  return {
    dialect: MIMI,
    tenant,
    errorText: (refusal) => JSON.stringify(failure(refusal, { msgID: null })),
    admit: () => admission(core),
  };
}

function admission({ users }: Pick<Core, 'users'>): Admission {
  let user: MimiUser = { username: '', uid: 0 };
  return {
    async prepare(principal) {
      if (principal.role === 'service') {
        throw new DomainError('EPERM', 'a service has no uid, so that nobody could write to it here');
      }
      user = await users.get(principal, principal.userId);
    },
    open: (session) => mimiSession(session, user),
  };
}
