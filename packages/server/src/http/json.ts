import { FILES_PATH } from '../core/content-files.ts';
import { tickOf } from '../core/conversation-list.ts';
import type { ServiceSession } from '../core/desk/model.ts';
import { isGuestId, senderProfile, shownId } from '../core/guests.ts';
import type { Conversation, Message, Notification, Person, Room, StoredFile, User } from '../core/model.ts';
import type { ConversationView, PeerReach } from '../core/ports/conversation-list-store.ts';

/** The API's forms of the domain's objects, field by field: what is added to the domain does not leak by itself. */

export function userJson({ tenant, id, uid, username, nickname, avatar, role, isDisabled, createdAt }: User) {
  return { id, uid, username, nickname, avatar, role, disabled: isDisabled, app: tenant, createdAt };
}

export function groupJson(group: Conversation) {
  const { tenant, id, uid, name, avatar, history, memberCount, lastSeq, createdAt } = group;
  return { id, uid, appId: tenant, name, avatar, history, memberCount, lastSeq, createdAt };
}

export function roomJson(room: Room, present: number) {
  const { tenant, id, uid, name, description, isOpen, history, owner, lastSeq, createdAt } = room;
  return {
    number: id,
    uid,
    appId: tenant,
    name,
    description,
    open: isOpen,
    history,
    owner: owner && ownerJson(owner),
    present,
    lastSeq,
    createdAt,
  };
}

function ownerJson({ id, profile }: Person) {
  return { id: shownId(id), guest: isGuestId(id), nickname: profile.nickname };
}

export function messageJson({ tenant, ...message }: Message) {
  return { appId: tenant, ...message, sender: senderProfile({ tenant, ...message }) };
}

/** A message as one user sees it: with how far it got, where it is the user's own in a single chat. */
export function ownMessageJson(message: Message, userId: string, peer: PeerReach | undefined) {
  const status = tickOf(message, userId, peer);
  return { ...messageJson(message), ...(status === undefined ? {} : { status }) };
}

export function conversationJson(view: ConversationView) {
  const { conversation, targetId, target, member, peer, lastMessage, unread } = view;
  const { id, kind, memberCount, lastSeq, createdAt } = conversation;
  const { uid, name, nickname, avatar } = target;
  const shown = { id: targetId, uid, name, nickname, avatar };
  const reach = peer && { deliveredSeq: peer.deliveredSeq, readSeq: peer.readSeq };
  return {
    id,
    kind,
    ...(kind === 'single' ? { peer: { ...shown, ...reach } } : { group: { ...shown, memberCount } }),
    role: member.role,
    lastSeq,
    lastMessage: lastMessage && ownMessageJson(lastMessage, member.userId, peer),
    unread,
    deliveredSeq: member.deliveredSeq,
    readSeq: member.readSeq,
    createdAt,
  };
}

export function notificationJson({ id, type, body, at, expiresAt, createdBy, createdAt }: Notification) {
  return { id, type, ...body, at, expiresAt, createdBy, createdAt };
}

export function fileJson(file: StoredFile) {
  const { id, name, type, size, sha256, extension, format, width, height, createdAt } = file;
  const picture = {
    ...(format === undefined ? {} : { format }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  };
  return { id, url: `${FILES_PATH}/${id}`, name, type, size, sha256, extension, ...picture, createdAt };
}

export function serviceJson({ tenant, isCustomerConnected, ...session }: ServiceSession) {
  return { appId: tenant, ...session, customerConnected: isCustomerConnected };
}
