import {
  type Dialect,
  type Group,
  isGroup,
  type Person,
  type Picture,
  type Place,
  singleOf,
} from './clients.ts';
import { chosen } from './facts.ts';
import type { Told } from './heard.ts';

/** What somebody said, as it is now. */
export interface Said {
  readonly by: Person;
  readonly to: Place;
  /** The writer's own. */
  readonly id: string;
  /** Empty once it was taken back. */
  readonly text: string;
  readonly picture?: Picture;
  readonly state?: 'edited' | 'recalled';
}

export type ReceiptStatus = 'delivered' | 'read';
/** Whether a change comes while one watches, or to one who was away. */
type Occasion = 'live' | 'synced';

const conversationOf = ({ by, to }: Said): string => (isGroup(to) ? to.id : singleOf(by, to));
const serverId = ({ id }: Said): unknown => chosen('id', id);
const seqOf = ({ id }: Said): unknown => chosen('number', `seq of ${id}`);
const timeOf = ({ id }: Said): unknown => chosen('time', id);
/** What `xuqm` and `desk` write beside the type. */
const plain = ({ text, picture }: Said): unknown => picture ?? text;

/** How each dialect shows what was said. */
export const MESSAGE: Readonly<Record<Dialect, (said: Said, self: Person, occasion?: Occasion) => Told>> = {
  xuqm: (said) => ({
    at: '/user/queue/messages',
    body: {
      id: said.id,
      fromId: said.by.id,
      toId: said.to.id,
      chatType: isGroup(said.to) ? 'GROUP' : 'SINGLE',
      msgType: said.picture ? 'IMAGE' : 'TEXT',
      content: plain(said),
      status: said.state === 'recalled' ? 'REVOKED' : 'SENT',
      createdAt: timeOf(said),
      conversationId: conversationOf(said),
      seq: seqOf(said),
    },
  }),
  im: (said, _self, occasion = 'live') => ({
    at: '/user/queue/private-messages',
    body: {
      ...imEnvelope(said),
      type: imType(said, occasion),
      status: { edited: 7, recalled: 6, normal: 0 }[said.state ?? 'normal'],
      chat: {
        content: { ...imContent(said), ...imChange(said) },
        conversationType: isGroup(said.to) ? 'group' : 'single',
      },
    },
  }),
  mimi: (said, self) => ({
    at: `/user/${self.uid}/recive`,
    body: {
      id: chosen('number', `number of ${said.id}`),
      chatID: said.id,
      sender: said.by.username,
      reciver: isGroup(said.to) ? said.to.name : said.to.username,
      content: said.picture ? `[图片] ${said.picture.text} ${said.picture.url}` : said.text,
      time: timeOf(said),
      senderId: said.by.uid,
      reciverId: isGroup(said.to) ? chosen('negative', 'the group') : said.to.uid,
    },
  }),
  desk: (said) => ({
    at: '/user/queue/messages',
    body: {
      type: 'message',
      id: serverId(said),
      clientMsgId: said.id,
      sessionId: null,
      conversationId: conversationOf(said),
      seq: seqOf(said),
      fromId: said.by.id,
      msgType: said.picture ? 'image' : 'text',
      content: plain(said),
      status: said.state ?? 'sent',
      createdAt: timeOf(said),
    },
  }),
  room: (said) =>
    roomFrame('OK', 3, {
      id: said.id,
      from: roomMember(said.by),
      roomNumber: said.to.id,
      content: said.picture?.text ?? said.text,
      seq: seqOf(said),
      time: timeOf(said),
      ...(said.picture ? { type: 'image', extra: { url: said.picture.url } } : {}),
      ...(said.state === undefined ? {} : { [said.state]: true }),
    }),
};

/** What the writer's own client is told once its message is stored. */
export const ACCEPTED: Readonly<Record<Dialect, (said: Said) => Told[]>> = {
  xuqm: () => [],
  im: (said) => [
    imStatus(1, { clientMessageId: said.id, senderId: said.by.id, source: 'im' }),
    ...imFact(2, said),
  ],
  mimi: ({ id }) => [mimiSuccess('send', id)],
  desk: (said) => [
    {
      at: '/user/queue/messages',
      body: {
        type: 'sent',
        id: serverId(said),
        clientMsgId: said.id,
        sessionId: null,
        conversationId: conversationOf(said),
        seq: seqOf(said),
        createdAt: timeOf(said),
      },
    },
  ],
  room: (said) => [MESSAGE.room(said, said.by)],
};

/** What the client that edited or took back its own message is told. */
export const CHANGED: Readonly<Record<Dialect, (said: Said) => Told[]>> = {
  xuqm: () => [],
  im: imChanged,
  mimi: () => [],
  desk: () => [],
  room: () => [],
};

/** What the writer learns of one who got its message, or read it. */
export const RECEIPT: Readonly<Record<Dialect, (said: Said, by: Person, status: ReceiptStatus) => Told[]>> = {
  xuqm: ({ id: messageId }, { id: userId }, status) => [
    {
      at: '/user/queue/receipts',
      body: { messageId, userId, status: status.toUpperCase(), at: chosen('time') },
    },
  ],
  im: (said, { id: userId }, status) => {
    const place = { receiverId: userId, userId, timestamp: chosen('time'), sequence: 0, source: 'haina' };
    return [imStatus(status === 'read' ? 4 : 3, { ...imEnvelope(said), ...place })];
  },
  mimi: () => [],
  desk: (said, { id: userId }, status) => [
    {
      at: '/user/queue/messages',
      body: {
        type: 'receipt',
        messageId: said.id,
        conversationId: conversationOf(said),
        userId,
        status,
        at: chosen('time'),
      },
    },
  ],
  room: () => [],
};

/** How the server says that all which was missed has come; `mimi` and `room` clients are not told. */
export const SYNC_DONE: Readonly<Record<Dialect, (self: Person, count: number) => Told[]>> = {
  xuqm: ({ id: toId }, count) => [
    {
      at: '/user/queue/messages',
      body: {
        id: chosen('id'),
        fromId: '',
        toId,
        chatType: 'SINGLE',
        msgType: 'SYNC_DONE',
        content: String(count),
        status: 'SENT',
        createdAt: chosen('time'),
        count,
        complete: true,
      },
    },
  ],
  im: ({ id: receiverId }, count) => {
    const content = { type: 'SYNC_DONE', count, complete: true, pins: [], timestamp: chosen('time') };
    return [
      {
        at: '/user/queue/private-messages',
        body: {
          ...IM_SERVER,
          messageId: chosen('id'),
          receiverId,
          timestamp: chosen('time'),
          type: 34,
          system: { content, code: '' },
        },
      },
    ];
  },
  mimi: () => [],
  desk: (_self, count) => [{ at: '/user/queue/messages', body: { type: 'sync', count, complete: true } }],
  room: () => [],
};

export function mimiSuccess(queue: 'send' | 'recive', msgID: string): Told {
  return {
    at: `/user/queue/${queue}/status`,
    body: { msgID, code: 200, status: '成功', content: '(=ↀωↀ=)' },
  };
}

/** A member came to a group or left it, which none but `im` clients are told. */
export function imMembership(group: Group, memberId: string, change: 'added' | 'removed'): Told {
  const eventType = `business.group.member.${change === 'added' ? 'joined' : 'left'}`;
  const content = {
    eventType,
    groupId: group.id,
    updateType: `member_${change}`,
    memberId,
    ...(change === 'added' ? { memberRole: 'member' } : {}),
    operatorId: 'admin',
    updatedBy: 'admin',
    timestamp: chosen('iso'),
  };
  return {
    at: '/user/queue/events',
    body: {
      ...IM_SERVER,
      messageId: chosen('id'),
      type: 41,
      senderId: 'admin',
      receiverId: group.id,
      conversationId: group.id,
      timestamp: chosen('time'),
      event: { content, eventType, eventId: chosen('id') },
    },
  };
}

/** Somebody came into the group's room, as those see it who are there; who comes gets the list of them. */
export function roomJoined(group: Group, who: ShownPerson, members: readonly ShownPerson[] | null): Told {
  const data = { members: members?.map(roomMember) ?? null, newJoinMember: roomMember(who) };
  return roomFrame('Join successfully', 1, { ...roomOf(group), ...data });
}

export function roomLeft(group: Group, who: ShownPerson): Told {
  return roomFrame('Leave successfully', 2, { ...roomOf(group), newLeaveMember: roomMember(who) });
}

type ShownPerson = Pick<Person, 'id' | 'nickname' | 'uid'>;

function roomFrame(msg: string, dataType: number, data: object): Told {
  return {
    at: '/ws/room',
    body: { status: 1, msg, resultBody: { msgType: 3, textData: { dataType, data } } },
  };
}

function roomOf({ id: number, name }: Group) {
  return { number, name, desc: '', owner: null, createTime: chosen('time', 'the group') };
}

function roomMember({ id, nickname, uid }: ShownPerson) {
  return { headImgUrl: '', id, nickName: nickname, personName: nickname, personNum: String(uid) };
}

const IM_STATUS_EVENTS: Readonly<Record<number, string>> = { 2: 'sent', 6: 'recalled', 7: 'edited' };

const IM_SERVER = {
  status: 0,
  senderId: '',
  receiverId: '',
  conversationId: '',
  clientMessageId: '',
  version: '2.0',
  deviceId: '',
  source: 'haina',
  sequence: 0,
};

function imEnvelope(said: Said) {
  return {
    messageId: serverId(said),
    senderId: said.by.id,
    receiverId: said.to.id,
    conversationId: conversationOf(said),
    clientMessageId: said.id,
    version: '2.0',
    deviceId: '',
    source: said.by.dialect,
    timestamp: timeOf(said),
    sequence: seqOf(said),
  };
}

function imType({ picture, state }: Said, occasion: Occasion): number {
  if (state === 'recalled') return 13;
  if (state === 'edited' && occasion === 'live') return 10;
  return picture ? 1 : 0;
}

function imContent(said: Said) {
  if (!said.picture) return { content: said.text, contentExtra: null };
  return { content: said.picture.text, contentExtra: { url: said.picture.url } };
}

function imChange(said: Said) {
  if (said.state === undefined) return {};
  const reason = said.state === 'edited' ? 'editReason' : 'recallReason';
  return { messageId: serverId(said), [reason]: '' };
}

/** What all `im` clients learn of a change, also its writer's. */
export function imChanged(said: Said): Told[] {
  return imFact(said.state === 'edited' ? 7 : 6, said);
}

/** What becomes of a message by the event of section 7.1: at its place and among all events. */
function imFact(status: number, said: Said): Told[] {
  const told = imStatus(status, { ...imEnvelope(said), userId: said.by.id });
  return [told, { ...told, at: '/user/queue/events' }];
}

/** The first message of two people makes their conversation. */
export function imFirst(said: Said): Told {
  const eventType = 'business.conversation.created';
  const conversationId = conversationOf(said);
  const people = { creatorId: said.by.id, memberIds: [said.by.id, said.to.id] };
  const content = {
    eventType,
    conversationId,
    conversationType: 'single',
    ...people,
    createTime: chosen('iso'),
  };
  return {
    at: '/user/queue/events',
    body: {
      ...IM_SERVER,
      messageId: chosen('id'),
      type: 41,
      senderId: said.by.id,
      conversationId,
      timestamp: chosen('time'),
      event: { content, eventType, eventId: chosen('id') },
    },
  };
}

function imStatus(
  status: number,
  { userId, ...about }: { readonly userId?: string; [name: string]: unknown },
): Told {
  const envelope = { ...IM_SERVER, messageId: chosen('id'), timestamp: chosen('time'), ...about };
  const { clientMessageId, conversationId, senderId } = envelope;
  const who = userId ?? senderId;
  const ids = { messageId: about.messageId ?? '', clientMessageId, conversationId };
  const eventType = `communication.message.${IM_STATUS_EVENTS[status] ?? 'status.changed'}`;
  const by = { userId: who, operatorId: who };
  const content = { eventType, ...ids, status, ...by, reason: '', timestamp: chosen('iso') };
  return {
    at: '/user/queue/message-status',
    body: { ...envelope, type: 42, status, event: { content, eventType, eventId: chosen('id') } },
  };
}
