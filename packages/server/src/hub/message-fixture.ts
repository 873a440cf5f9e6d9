import type { Message } from '../core/model.ts';

/** A group message of alice's, its text named by its sequence. */
export function groupMessage(seq: number, changes: Partial<Message> = {}): Message {
  return {
    tenant: 't',
    id: `id${seq}`,
    clientId: `id${seq}`,
    conversationId: 'team',
    kind: 'group',
    seq,
    number: seq,
    senderId: 'alice',
    targetId: 'team',
    parties: {
      sender: { name: 'alice', uid: 1, nickname: 'Alice', avatar: '' },
      target: { name: 'Team', uid: 0, nickname: 'Team', avatar: '' },
    },
    content: { type: 'text', text: `m${seq}`, extra: null },
    reference: null,
    changeReason: '',
    source: 'test',
    deviceId: '',
    state: 'normal',
    revision: 0,
    createdAt: 1,
    changedAt: 1,
    ...changes,
  };
}
