import type { StompFrame } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { User } from '../../core/model.ts';
import { usernameKey } from '../../core/names.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { peekString } from '../common/json.ts';
import type { DialectSession, OpenSession } from '../common/stomp/binding.ts';
import { type InboxSync, syncInbox } from '../common/stomp/inbox-sync.ts';
import type { Target } from '../common/stomp/target.ts';
import { sendJson, stompShape } from '../common/stomp-shape.ts';
import { PERSONAL, QUEUES } from './catalog.ts';
import { COMMANDS, type CommandContext, NOTICE_RECEIVED } from './commands.ts';
import { MIMI } from './name.ts';
import { noticeBody } from './notice.ts';
import { messageBody } from './render.ts';
import { failure, success } from './status.ts';

/** What the dialect needs of its user. */
export type MimiUser = Pick<User, 'username' | 'uid'>;

/** The `mimi` side of a STOMP session. A message is delivered when the client says that it has received it. */
export function mimiSession(session: OpenSession, user: MimiUser): DialectSession {
  return {
    parseTarget: (destination) => parseTarget(session, user, destination),
    shapeOf: (target, subscription) => shapeOf(session, target, subscription),
    execute: (destination, frame) => execute(session, user, destination, frame),
    tellRefusal: (refusal, frame, own) => tellRefusal(session, refusal, frame, own),
  };
}

function parseTarget({ chat }: OpenSession, user: MimiUser, destination: string): Target {
  const [, name, what] = PERSONAL.exec(destination) ?? [];
  if (name !== undefined) {
    requireOwn(user, name);
    return what === 'notice'
      ? { kind: 'notifications', name: 'notices', isConfirmed: true }
      : { kind: 'inbox', isConfirmed: true };
  }
  const target = parseUserQueue(destination, QUEUES, chat.principal);
  if (!target) throw noDestination(destination);
  return target;
}

function requireOwn({ username, uid }: MimiUser, name: string): void {
  // As at login, where people type their name in any case.
  if (usernameKey(name) === usernameKey(username) || name === String(uid)) return;
  throw new DomainError('EPERM', "another user's messages", { field: 'destination' });
}

function shapeOf({ stomp }: OpenSession, target: Target, subscription: StompSubscription): Shape {
  const write = target.kind === 'notifications' ? noticeBody : messageBody;
  return stompShape(`${MIMI}/${write.name}`, stomp.version, subscription, { write, shows: [] });
}

function execute(
  session: OpenSession,
  user: MimiUser,
  destination: string,
  frame: StompFrame,
): Promise<unknown> {
  const command = COMMANDS.get(destination);
  if (!command) throw refuseSend(destination, '/socket/chat');
  return command(contextOf(session, user), frame.body);
}

function contextOf(session: OpenSession, { uid }: MimiUser): CommandContext {
  const { services, chat } = session;
  return {
    core: services.core,
    principal: chat.principal,
    uid,
    sessionId: chat.id,
    confirm: (clientId) => chat.confirm(clientId),
    sync: () => syncInbox(session, syncOf(session), { order: 'time' }),
    sent: (msgID) => tell(session, 'send', success(msgID)),
    received: (msgID) => tell(session, 'recive', success(msgID)),
    noticeReceived: (id) => tell(session, 'notice', success(id)),
  };
}

function syncOf(session: OpenSession): InboxSync {
  return {
    inbox: '/user/{uname}/recive',
    isToldAtAll: true,
    tellDone: (_inbox, result) => tellSyncDone(session, result),
  };
}

function tellRefusal(session: OpenSession, refusal: DomainError, frame: StompFrame, own: string): void {
  const msgID = peekString(frame.body, own === NOTICE_RECEIVED ? 'id' : 'msgID');
  tell(session, 'status', failure(refusal, { msgID, destination: frame.headers.get('destination') }));
}

/** The RECEIPT of an `init` says that everything came; the document has no message for it. */
function tellSyncDone(session: OpenSession, { count, complete, gone = [] }: ReplayResult): void {
  for (const { conversationId, from, to } of gone) {
    const text = `messages ${from} to ${to} of ${conversationId} are gone`;
    tell(session, 'status', failure(new DomainError('ENOENT', text), { msgID: null }));
  }
  if (complete) return;
  throw new DomainError('ERATE', `${count} messages came, more are waiting: send /socket/chat/init again`);
}

function tell(
  { stomp, routes }: OpenSession,
  queue: 'status' | 'send' | 'recive' | 'notice',
  body: object,
): void {
  for (const subscription of routes.named(queue)) sendJson(stomp, subscription, body);
}
