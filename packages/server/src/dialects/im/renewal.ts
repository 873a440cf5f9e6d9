import type { Authenticated } from '../../auth/authenticator.ts';
import { DomainError } from '../../core/errors.ts';
import type { Timestamp } from '../../core/model.ts';
import { authenticateAll } from '../common/credentials.ts';
import type { OpenSession } from '../common/stomp/binding.ts';

/** Lets a session last as long as another token of its user; resolves to when that expires. EPERM. */
export async function renew(session: OpenSession, token: string): Promise<Timestamp> {
  const { chat } = session;
  const authenticated = await authenticate(session, token);
  if (authenticated.principal.userId !== chat.principal.userId) {
    throw new DomainError('EPERM', 'the token is of another user', { field: 'token' });
  }
  chat.renew(authenticated);
  return authenticated.expiresAt;
}

/** The session is authenticated, whatever the token is: a bad one is no permission to renew it. */
async function authenticate({ services, chat }: OpenSession, token: string): Promise<Authenticated> {
  try {
    return await authenticateAll(services.authenticator, [token], chat.principal.tenant);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'EAUTH') throw error;
    throw new DomainError('EPERM', error.message, { field: 'token', cause: error });
  }
}
