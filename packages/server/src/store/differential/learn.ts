import type { Handover, ServiceSession } from '../../core/desk/model.ts';
import type { Delivery } from '../../core/ports/event-store.ts';
import type { Appended, NewMessage } from '../../core/ports/store.ts';
import { type Call, call } from './call.ts';
import type { TenantModel, World } from './world.ts';

type Learning = {
  readonly [Name in Call['name']]?: (world: World, args: never, value: never) => void;
};

const LEARNING = {
  createUser: (world: World, [{ tenant, id }]: Args<'createUser'>) => world.model(tenant).users.add(id),
  deleteUser(world: World, [tenant, id]: Args<'deleteUser'>) {
    world.model(tenant).users.delete(id);
    for (const members of world.model(tenant).members.values()) members.delete(id);
  },
  createGroup(world: World, [{ tenant, id, members }]: Args<'createGroup'>) {
    world.model(tenant).groups.add(id);
    world.model(tenant).members.set(id, new Set(members.map(({ userId }) => userId)));
  },
  deleteGroup(world: World, [tenant, id]: Args<'deleteGroup'>) {
    world.model(tenant).groups.delete(id);
    world.model(tenant).members.delete(id);
  },
  addMembers(world: World, [{ tenant, conversationId }]: Args<'addMembers'>, added: string[]) {
    for (const userId of added) membersOf(world.model(tenant), conversationId).add(userId);
  },
  removeMember(world: World, [{ tenant, conversationId, userId }]: Args<'removeMember'>) {
    membersOf(world.model(tenant), conversationId).delete(userId);
  },
  createRoom: (world: World, [{ tenant, id }]: Args<'createRoom'>) => world.model(tenant).rooms.add(id),
  deleteRoom(world: World, [tenant, id]: Args<'deleteRoom'>) {
    world.model(tenant).rooms.delete(id);
    world.model(tenant).members.delete(id);
  },
  enterRoom(world: World, [{ tenant, roomId, userId }]: Args<'enterRoom'>) {
    membersOf(world.model(tenant), roomId).add(userId);
  },
  leaveRoom(world: World, [tenant, roomId, userId]: Args<'leaveRoom'>) {
    membersOf(world.model(tenant), roomId).delete(userId);
  },
  emptyRooms(world: World) {
    for (const model of world.tenants) for (const room of model.rooms) model.members.delete(room);
  },
  appendMessage: (world: World, [sent]: Args<'appendMessage'>, value: Appended) =>
    appended(world, sent, value),
  createNotification(world: World, [{ notification, recipients }]: Args<'createNotification'>) {
    world.model(notification.tenant).notifications.set(notification.id, recipients);
  },
  reserveFile(world: World, [{ tenant, id, ownerId }]: Args<'reserveFile'>) {
    world.model(tenant).reserved.set(id, ownerId);
  },
  completeFile(world: World, [tenant, id]: Args<'completeFile'>) {
    const model = world.model(tenant);
    model.files.push({ id, ownerId: model.reserved.get(id) ?? '' });
    model.reserved.delete(id);
  },
  createWebhook: (world: World, [{ tenant, id }]: Args<'createWebhook'>) =>
    world.model(tenant).webhooks.add(id),
  deleteWebhook: (world: World, [tenant, id]: Args<'deleteWebhook'>) =>
    world.model(tenant).webhooks.delete(id),
  claimDeliveries(world: World, [claim]: Args<'claimDeliveries'>, due: Delivery[]) {
    if (due.length > 0) world.claims.push({ claim, ids: due.map(({ id }) => id) });
  },
  settleDeliveries(world: World, [{ target, until }]: Args<'settleDeliveries'>) {
    world.claims = world.claims.filter(({ claim }) => claim.target !== target || claim.until !== until);
  },
  listDeadLetters(world: World, [tenant]: Args<'listDeadLetters'>, dead: Delivery[]) {
    world.deadLetters.push(...dead.map(({ id }) => ({ tenant, id })));
  },
  assignNext: (world: World, _: unknown, handover: Handover | null) =>
    handedOver(world, handover ? [handover] : []),
  acceptService: (world: World, _: unknown, handover: Handover) => handedOver(world, [handover]),
  transferService: (world: World, _: unknown, handover: Handover) => handedOver(world, [handover]),
  releaseLost: (world: World, _: unknown, handovers: Handover[]) => handedOver(world, handovers),
  removeAgent: (world: World, _: unknown, handovers: Handover[]) => handedOver(world, handovers),
  removeFromDesk(world: World, _: unknown, removal: { closed: ServiceSession[]; released: Handover[] }) {
    closed(world, removal.closed);
    handedOver(world, removal.released);
  },
  settleOverdue: (world: World, _: unknown, settled: { closed: ServiceSession[] }) =>
    closed(world, settled.closed),
  closeService: (world: World, _: unknown, session: ServiceSession) => closed(world, [session]),
} satisfies Learning;

type Args<Name extends Call['name']> = Extract<Call, { name: Name }>['args'];

/** Takes note of what a call that was not refused has changed. */
export function learn(world: World, { name, args }: Call, value: unknown): void {
  const learning = (LEARNING as Record<string, ((...given: unknown[]) => void) | undefined>)[name];
  learning?.(world, args, value);
}

/** What tells the world what it needs to know of the outbox, whose calls tell little themselves. */
export function outboxLooks(world: World): Call[] {
  world.deadLetters = [];
  return world.tenants.map(({ id }) => call('listDeadLetters', id, { limit: 20 }));
}

function membersOf(model: TenantModel, conversationId: string): Set<string> {
  const known = model.members.get(conversationId);
  if (known) return known;
  const members = new Set<string>();
  model.members.set(conversationId, members);
  return members;
}

function appended(world: World, sent: NewMessage, { message, duplicate, opened }: Appended): void {
  if (duplicate) return;
  const model = world.model(sent.tenant);
  model.messages.push(message);
  model.sent.push(sent);
  const members = membersOf(model, message.conversationId);
  if (message.kind === 'single') {
    model.singles.add(message.conversationId);
    members.add(message.senderId).add(message.targetId);
  }
  if (!opened) return;
  model.services.set(opened.id, opened);
  members.add(opened.customerId);
}

function handedOver(world: World, handovers: readonly Handover[]): void {
  for (const { session } of handovers) {
    const { tenant, id, customerId, agentId } = session;
    world.model(tenant).services.set(id, session);
    world.model(tenant).members.set(id, new Set(agentId === null ? [customerId] : [customerId, agentId]));
  }
}

function closed(world: World, sessions: readonly ServiceSession[]): void {
  for (const session of sessions) world.model(session.tenant).services.set(session.id, session);
}
