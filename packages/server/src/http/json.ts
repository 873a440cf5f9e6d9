import type { Conversation, Message, Notification, User } from '../core/model.ts';

/** The API's forms of the domain's objects, field by field: what is added to the domain does not leak by itself. */

export function userJson({ tenant, id, uid, username, nickname, avatar, role, createdAt }: User) {
  return { id, uid, username, nickname, avatar, role, app: tenant, createdAt };
}

export function groupJson({ tenant, id, name, avatar, memberCount, lastSeq, createdAt }: Conversation) {
  return { id, appId: tenant, name, avatar, memberCount, lastSeq, createdAt };
}

export function messageJson({ tenant, ...message }: Message) {
  return { appId: tenant, ...message };
}

export function notificationJson({ id, type, body, at, expiresAt, createdBy, createdAt }: Notification) {
  return { id, type, ...body, at, expiresAt, createdBy, createdAt };
}
