/** What `room` clients and the server say to each other: JSON, one document a WebSocket message. */

export const RoomMsgType = {
  HEARTBEAT: 1,
  /** To join and to leave. What is told of it comes as `CHAT`. */
  INIT: 2,
  CHAT: 3,
  SIGN: 4,
  CONTACTS: 5,
} as const;
export type RoomMsgType = (typeof RoomMsgType)[keyof typeof RoomMsgType];

export const RoomDataType = { JOIN: 1, LEAVE: 2, CHAT: 3, CONTACTS: 5 } as const;

export type RoomJson = string | number | boolean | null | RoomJson[] | { [key: string]: RoomJson };
export type RoomExtendFields = { [key: string]: RoomJson };

export interface RoomMember {
  headImgUrl: string;
  id: string;
  nickName: string;
  personName: string;
  personNum: string;
}

/** As clients send it: of all but the id nothing or null will do. */
export type RoomFrom = { id: string } & { [Key in Exclude<keyof RoomMember, 'id'>]?: string | null };

/** `msgType` 2, with `dataType` 1 to join and 2 to leave. */
export interface RoomInit {
  msgType: 2;
  textData: { dataType: 1 | 2; data: { from?: RoomFrom | null; roomNumber: string } };
}

/** `msgType` 3 of a client. */
export interface RoomChatRequest {
  msgType: 3;
  textData: { dataType: 3; data: { from: RoomFrom; roomNumber: string; content: string; id?: string } };
  extendFields?: RoomExtendFields;
}

/** `msgType` 4: the message has arrived. */
export interface RoomSign {
  msgType: 4;
  textData: { data: { roomNumber: string; id: string } };
}

/** `msgType` 5: who is in a room, or without one the user's contacts. */
export interface RoomContactsRequest {
  msgType: 5;
  textData?: { data?: { roomNumber?: string } };
}

interface RoomInfo {
  number: string;
  name: string;
  desc: string;
  owner: RoomMember | null;
  /** Milliseconds since the epoch. */
  createTime: number;
}

/** `members` is everybody who is in the room for the one who came, null for the others. */
export interface RoomJoined extends RoomInfo {
  members: RoomMember[] | null;
  newJoinMember: RoomMember;
}

export interface RoomLeft extends RoomInfo {
  newLeaveMember: RoomMember;
}

export interface RoomChat {
  id: string;
  from: RoomMember;
  roomNumber: string;
  content: string;
  /** Place in the room's conversation. */
  seq: number;
  /** Milliseconds since the epoch. */
  time: number;
  /** What other protocols send beside text: `image`, `file` … */
  type?: string;
  /** What it needs, such as the address of the picture. */
  extra?: RoomJson;
  /** It came before, with another content. */
  edited?: true;
  /** It came before, and was taken back: it has no content any more. */
  recalled?: true;
}

export interface RoomContacts {
  roomNumber?: string;
  members: RoomMember[];
}

/** What the server sends where it does as asked, and what happens in the room. */
export interface RoomResponse<MsgType extends RoomMsgType, DataType extends number, Data> {
  status: 1;
  msg: string;
  resultBody: {
    msgType: MsgType;
    textData: { dataType: DataType; data: Data };
    extendFields?: RoomExtendFields;
  };
}

export type RoomJoinedResponse = RoomResponse<3, 1, RoomJoined>;
export type RoomLeftResponse = RoomResponse<3, 2, RoomLeft>;
export type RoomChatResponse = RoomResponse<3, 3, RoomChat>;
export type RoomContactsResponse = RoomResponse<5, 5, RoomContacts>;

/** What the server answers to what it does not do. */
export interface RoomRefusal {
  status: 0;
  msg: string;
  resultBody: '';
}
