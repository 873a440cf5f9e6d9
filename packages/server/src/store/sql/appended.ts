import type { Message } from '../../core/model.ts';
import type { Appended, NewMessage } from '../../core/ports/store.ts';
import type { AppendOutcome } from './append.ts';
import { unpackParties } from './parties.ts';

/** What an append brought, of what its caller gave and what the operation added. */
export function appended(message: NewMessage, outcome: AppendOutcome): Appended {
  return {
    message: outcome.earlier ?? stored(message, outcome),
    duplicate: outcome.earlier !== undefined,
    memberCount: outcome.memberCount,
    ...(outcome.joined ? { joined: outcome.joined } : {}),
    ...(outcome.opened ? { opened: outcome.opened } : {}),
  };
}

function stored(message: NewMessage, outcome: AppendOutcome): Message {
  const {
    conversationId,
    kind,
    seq,
    number,
    targetId,
    parties,
    reference,
    content = message.content,
  } = outcome;
  const { tenant, id, clientId, senderId, source, deviceId, createdAt } = message;
  return {
    tenant,
    id,
    clientId,
    conversationId,
    kind,
    seq,
    number,
    senderId,
    ...(message.guest ? { guest: message.guest } : {}),
    targetId,
    parties: unpackParties(parties),
    content,
    reference: reference ?? null,
    state: 'normal',
    revision: 0,
    source,
    deviceId,
    changeReason: '',
    createdAt,
    changedAt: createdAt,
  };
}
