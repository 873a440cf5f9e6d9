import {
  type RoomChat,
  type RoomChatResponse,
  type RoomContacts,
  type RoomContactsResponse,
  RoomDataType,
  type RoomExtendFields,
  type RoomJoinedResponse,
  type RoomLeftResponse,
  type RoomMember,
  RoomMsgType,
  type RoomRefusal,
} from '@haina/wire';
import type { CoreEvent } from '../../core/events.ts';
import { senderProfile, shownId } from '../../core/guests.ts';
import type { Content, JsonValue, Message, Person, Room } from '../../core/model.ts';
import type { Shape } from '../../hub/fan-out.ts';
import { Payload } from '../../transport/payload.ts';

/** The document's answer to one who is in the room through another page or client. */
export const ALREADY_JOINED = '连接被拒,您已在其他页面或客户端加入该房间,请先将其退出!';

const JOINED = 'Join successfully';
const LEFT = 'Leave successfully';
const OK = 'OK';

/** Everything that happens in a room, as all who are in it get it. */
export const ROOM_SHAPE: Shape = {
  key: 'room',
  shows: [],
  render(event) {
    const frame = renderEvent(event);
    return frame && Payload.text(JSON.stringify(frame));
  },
};

/** An event as the room protocol tells it; undefined where it has no words for it. */
export function renderEvent(
  event: CoreEvent,
): RoomJoinedResponse | RoomLeftResponse | RoomChatResponse | undefined {
  switch (event.type) {
    case 'message.created':
    case 'message.changed':
      return renderChat(event.message);
    case 'attendance.joined':
      return renderJoined(event.room, event.person);
    case 'attendance.left':
      return renderLeft(event.room, event.person);
    default:
      return undefined;
  }
}

export function renderMember({ id, profile }: Person): RoomMember {
  const { name, number, nickname, avatar } = profile;
  return { headImgUrl: avatar, id: shownId(id), nickName: nickname, personName: name, personNum: number };
}

/** For the others: whoever came gets the list of members in its place, see `withMembers`. */
export function renderJoined(room: Room, person: Person): RoomJoinedResponse {
  const data = { ...renderRoom(room), members: null, newJoinMember: renderMember(person) };
  const textData = { dataType: RoomDataType.JOIN, data };
  return { status: 1, msg: JOINED, resultBody: { msgType: RoomMsgType.CHAT, textData } };
}

export function renderLeft(room: Room, person: Person): RoomLeftResponse {
  const data = { ...renderRoom(room), newLeaveMember: renderMember(person) };
  const textData = { dataType: RoomDataType.LEAVE, data };
  return { status: 1, msg: LEFT, resultBody: { msgType: RoomMsgType.CHAT, textData } };
}

export function renderChat(message: Message): RoomChatResponse {
  const extendFields = isGone(message) ? undefined : extendFieldsOf(message.content);
  const textData = { dataType: RoomDataType.CHAT, data: chatData(message) };
  return {
    status: 1,
    msg: OK,
    resultBody: {
      msgType: RoomMsgType.CHAT,
      textData,
      ...(extendFields === undefined ? {} : { extendFields }),
    },
  };
}

/** Contacts but for the list of members, see `withMembers`. */
export function renderContacts(roomNumber?: string): string {
  const data: RoomContacts | { members: null } = {
    ...(roomNumber === undefined ? {} : { roomNumber }),
    members: null,
  };
  const textData = { dataType: RoomDataType.CONTACTS, data };
  const response = { status: 1, msg: OK, resultBody: { msgType: RoomMsgType.CONTACTS, textData } };
  return JSON.stringify(response satisfies Record<keyof RoomContactsResponse, unknown>);
}

export function renderRefusal(msg: string): RoomRefusal {
  return { status: 0, msg, resultBody: '' };
}

const NO_MEMBERS = '"members":null';

/** Puts a list of members, encoded already, where a document has none. Texts can't have its marker: they escape quotes. */
export function withMembers(document: string, members: Buffer): Buffer {
  const at = document.indexOf(NO_MEMBERS);
  const before = document.slice(0, at + NO_MEMBERS.length - 'null'.length);
  return Buffer.concat([Buffer.from(before), members, Buffer.from(document.slice(at + NO_MEMBERS.length))]);
}

function renderRoom({ id, name, description, owner, createdAt }: Room) {
  return {
    number: id,
    name,
    desc: description,
    owner: owner && renderMember(owner),
    createTime: createdAt,
  };
}

function chatData(message: Message): RoomChat {
  const { clientId, senderId, conversationId, content, seq, createdAt, state } = message;
  const base = {
    id: clientId,
    from: renderMember({ id: senderId, profile: senderProfile(message) }),
    roomNumber: conversationId,
    content: '',
    seq,
    time: createdAt,
  };
  if (isGone(message)) return { ...base, recalled: true };
  const { type, extra } = content;
  return {
    ...base,
    content: readable(content),
    ...(type === 'text' ? {} : { type }),
    ...(extra === null ? {} : { extra }),
    ...(state === 'edited' ? { edited: true } : {}),
  };
}

/** Clients of other protocols may have put anything under the name. */
function extendFieldsOf({ fields }: Content): RoomExtendFields | undefined {
  const found = fields?.extendFields;
  const isObject = typeof found === 'object' && found !== null && !Array.isArray(found);
  return isObject ? found : undefined;
}

function isGone({ state }: Message): boolean {
  return state === 'recalled' || state === 'deleted';
}

/** The text, or what a client that shows nothing but text can show of a picture or file. */
function readable({ type, text, extra }: Content): string {
  if (text !== '' || type === 'text') return text;
  return stringIn(extra, 'url') ?? stringIn(extra, 'name') ?? `[${type}]`;
}

function stringIn(value: JsonValue | null, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found = value[name];
  return typeof found === 'string' && found !== '' ? found : undefined;
}
