import { type ImEnvelope, ImMessageStatus } from '@haina/wire';

/** Version of the protocol's document. */
export const IM_VERSION = '2.0';

/** The envelope of what the server says by itself, at this time; what it does not name says nothing. */
export function serverEnvelope(timestamp: number, named: Partial<ImEnvelope> = {}): ImEnvelope {
  return {
    messageId: '',
    status: ImMessageStatus.MESSAGE_NORMAL,
    senderId: '',
    receiverId: '',
    conversationId: '',
    clientMessageId: '',
    version: IM_VERSION,
    deviceId: '',
    source: 'haina',
    timestamp,
    sequence: 0,
    ...named,
  };
}
