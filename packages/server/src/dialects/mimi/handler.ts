import type { StompFrame } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { Principal, User } from '../../core/model.ts';
import { usernameKey } from '../../core/names.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { peekString } from '../common/json.ts';
import { StompDialectHandler, type Target } from '../common/stomp-dialect-handler.ts';
import { sendJson, stompShape } from '../common/stomp-shape.ts';
import { PERSONAL, QUEUES } from './catalog.ts';
import { COMMANDS, type CommandContext, NOTICE_RECEIVED } from './commands.ts';
import { MIMI } from './name.ts';
import { noticeBody } from './notice.ts';
import { messageBody } from './render.ts';
import { failure, success } from './status.ts';

/** The `mimi` side of a STOMP session. A message is delivered when the client says that it has received it. */
export class MimiHandler extends StompDialectHandler {
  protected readonly dialect = MIMI;
  protected readonly inbox = '/user/{uname}/recive';
  protected override readonly syncsAllInboxes = true;
  #user: Pick<User, 'username' | 'uid'> = { username: '', uid: 0 };

  protected override async prepare(principal: Principal): Promise<void> {
    if (principal.role === 'service') {
      throw new DomainError('EPERM', 'a service has no uid, so that nobody could write to it here');
    }
    this.#user = await this.services.core.users.get(principal, principal.userId);
  }

  protected override errorText(refusal: DomainError): string {
    return JSON.stringify(failure(refusal, { msgID: null }));
  }

  protected parseTarget(destination: string): Target {
    const [, name, what] = PERSONAL.exec(destination) ?? [];
    if (name !== undefined) {
      this.#requireOwn(name);
      return what === 'notice'
        ? { kind: 'notifications', name: 'notices', isConfirmed: true }
        : { kind: 'inbox', isConfirmed: true };
    }
    const target = parseUserQueue(destination, QUEUES, this.chat.principal);
    if (!target) throw noDestination(destination);
    return target;
  }

  protected shapeOf(target: Target, subscription: StompSubscription): Shape {
    const write = target.kind === 'notifications' ? noticeBody : messageBody;
    return stompShape(`${MIMI}/${write.name}`, this.stomp.version, subscription, { write, shows: [] });
  }

  protected execute(destination: string, frame: StompFrame): Promise<unknown> {
    const command = COMMANDS.get(destination);
    if (!command) throw refuseSend(destination, '/socket/chat');
    return command(this.#context, frame.body);
  }

  protected tellRefusal(refusal: DomainError, frame: StompFrame, own: string): void {
    const msgID = peekString(frame.body, own === NOTICE_RECEIVED ? 'id' : 'msgID');
    this.#tell('status', failure(refusal, { msgID, destination: frame.headers.get('destination') }));
  }

  /** The RECEIPT of an `init` says that everything came; the document has no message for it. */
  protected tellSyncDone(
    _subscription: StompSubscription,
    { count, complete, gone = [] }: ReplayResult,
  ): void {
    for (const { conversationId, from, to } of gone) {
      const text = `messages ${from} to ${to} of ${conversationId} are gone`;
      this.#tell('status', failure(new DomainError('ENOENT', text), { msgID: null }));
    }
    if (complete) return;
    throw new DomainError('ERATE', `${count} messages came, more are waiting: send /socket/chat/init again`);
  }

  get #context(): CommandContext {
    const { chat } = this;
    return {
      core: this.services.core,
      principal: chat.principal,
      uid: this.#user.uid,
      sessionId: chat.id,
      confirm: (clientId) => chat.confirm(clientId),
      sync: () => this.sync({ order: 'time' }),
      sent: (msgID) => this.#tell('send', success(msgID)),
      received: (msgID) => this.#tell('recive', success(msgID)),
      noticeReceived: (id) => this.#tell('notice', success(id)),
    };
  }

  #requireOwn(name: string): void {
    // As at login, where people type their name in any case.
    if (usernameKey(name) === usernameKey(this.#user.username) || name === String(this.#user.uid)) return;
    throw new DomainError('EPERM', "another user's messages", { field: 'destination' });
  }

  #tell(queue: 'status' | 'send' | 'recive' | 'notice', body: object): void {
    for (const subscription of this.subscriptionsTo(queue)) sendJson(this.stomp, subscription, body);
  }
}
