import { resolve } from 'node:path';
import { definePlugin, type ListenedEvents, type Message, type SessionInfo } from '../api.ts';
import { RotatingFile } from './rotating-file.ts';

interface Options {
  /** A relative path begins in the data folder. */
  readonly file?: string;
  /** Size at which a file is full, in bytes. */
  readonly maxBytes?: number;
  /** Full files that are kept. */
  readonly keep?: number;
  /** Whether what the messages say is written too. */
  readonly content?: boolean;
}

const OPTIONS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    file: { type: 'string', minLength: 1 },
    maxBytes: { type: 'integer', minimum: 1024 },
    keep: { type: 'integer', minimum: 0, maximum: 1000 },
    content: { type: 'boolean' },
  },
};

const DEFAULT_MAX_BYTES = 104_857_600;
const DEFAULT_KEEP = 10;

/** What is done by no session came by the HTTP API. */
const HTTP = 'http';

/** Writes a line of JSON for each message that was sent, edited, recalled, deleted or hidden: who, when, where, and by which dialect. */
export default definePlugin<Options>({
  options: OPTIONS,
  setup(options, { dataDir }) {
    const { maxBytes = DEFAULT_MAX_BYTES, keep = DEFAULT_KEEP, content = false } = options;
    const file = resolve(dataDir, options.file ?? 'audit.jsonl');
    const log = new RotatingFile(file, maxBytes, keep, ({ message }) =>
      console.error(`${file} is full and can't make room, so it grows on: ${message}`),
    );
    /** Dialects of the live sessions, as a recall can come by another than the message did. */
    const dialects = new Map<string, string>();
    const write = (
      event: string,
      at: number,
      { by, message, dialect }: { by: string; message: Message; dialect: string },
    ): void => {
      const reason =
        event === 'message.hidden' || message.changeReason === '' ? {} : { reason: message.changeReason };
      log.append(JSON.stringify({ at, event, by, dialect, ...factsOf(message, content), ...reason }));
    };
    /** A session from before this process began is taken for one of the message's own dialect. */
    const dialectOf = (session: string | undefined, message: Message): string =>
      session === undefined ? HTTP : (dialects.get(session) ?? message.source);
    const onChange = ({ change, message, actorId, originSession }: ListenedEvents['message.edited']): void =>
      write(`message.${change}`, message.changedAt, {
        by: actorId,
        message,
        dialect: dialectOf(originSession, message),
      });
    return {
      listen: {
        'session.connected': ({ id, dialect }: SessionInfo) => void dialects.set(id, dialect),
        'session.disconnected': ({ id }: SessionInfo) => void dialects.delete(id),
        'message.created': ({ message }) =>
          write('message.created', message.createdAt, {
            by: message.senderId,
            message,
            dialect: message.source,
          }),
        'message.edited': onChange,
        'message.recalled': onChange,
        'message.deleted': onChange,
        'message.hidden': ({ message, userId, originSession }) =>
          write('message.hidden', Date.now(), {
            by: userId,
            message,
            dialect: dialectOf(originSession, message),
          }),
      },
      close: () => log.close(),
    };
  },
});

function factsOf(message: Message, withContent: boolean): object {
  const { tenant, conversationId, kind, seq, id, clientId, senderId, deviceId, content } = message;
  return {
    tenant,
    conversationId,
    kind,
    seq,
    messageId: id,
    clientId,
    senderId,
    deviceId,
    type: content.type,
    ...(withContent ? { content } : {}),
  };
}
