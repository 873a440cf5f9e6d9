import { HISTORY_ACCESSES, MEMBER_ROLES } from '../../../core/model.ts';
import type { NewMember } from '../../../core/ports/store.ts';
import { call } from '../call.ts';
import { GROUP_IDS } from '../world.ts';
import { actorOf, byOf, type Makers, type Making } from './maker.ts';
import { pictureOf } from './parts.ts';

export const GROUP_MAKERS: Makers = {
  createGroup: { weight: 4, make: createGroup },
  updateGroup: { weight: 3, bursts: ['conversation'], make: updateGroup },
  deleteGroup: { weight: 1, bursts: ['conversation'], make: deleteGroup },
  addMembers: { weight: 5, bursts: ['conversation'], make: addMembers },
  setMemberRole: { weight: 3, bursts: ['conversation'], make: setMemberRole },
  removeMember: { weight: 4, bursts: ['conversation', 'actor'], make: removeMember },
  handOverGroup: { weight: 2, bursts: ['conversation'], make: handOverGroup },
};

/** A group; undefined in a burst about something else. */
function groupOf({ tenant, dice, focus }: Making): string | undefined {
  if (focus?.of !== 'conversation') return tenant.group(dice);
  return tenant.groups.has(focus.conversationId) ? focus.conversationId : undefined;
}

function membersOf({ tenant, dice }: Making, most: number): NewMember[] {
  const users = dice.oneIn(5) ? [tenant.user(dice), ...tenant.users] : [...tenant.users];
  return dice.some(users, most).map((userId) => ({ userId, role: dice.pick([...MEMBER_ROLES, 'member']) }));
}

function createGroup(making: Making) {
  const { tenant, dice, world } = making;
  const free = GROUP_IDS.filter((id) => !tenant.groups.has(id));
  return call('createGroup', {
    tenant: tenant.id,
    id: dice.likely(free, GROUP_IDS),
    name: dice.pick(['Team', '', 'é']),
    members: membersOf(making, 8),
    createdAt: world.now,
    ...dice.maybe(() => ({ history: dice.pick(HISTORY_ACCESSES) })),
    ...(dice.oneIn(3) ? { picture: pictureOf(making) } : {}),
  });
}

function updateGroup(making: Making) {
  const { tenant, dice } = making;
  const id = groupOf(making);
  if (id === undefined) return undefined;
  const patch = {
    ...dice.maybe(() => ({ name: dice.pick(['Team', 'Other', '']) })),
    ...dice.maybe(() => ({ history: dice.pick(HISTORY_ACCESSES) })),
    ...(dice.oneIn(3) ? { picture: pictureOf(making) } : {}),
  };
  return call('updateGroup', tenant.id, id, patch, byOf(making, id).by);
}

function deleteGroup(making: Making) {
  const id = groupOf(making);
  if (id === undefined) return undefined;
  return call('deleteGroup', making.tenant.id, id, making.world.now, byOf(making, id).by);
}

function addMembers(making: Making) {
  const conversationId = groupOf(making);
  if (conversationId === undefined) return undefined;
  return call('addMembers', {
    tenant: making.tenant.id,
    conversationId,
    members: membersOf(making, 4),
    maxMembers: making.dice.oneIn(6) ? 3 : 100,
    at: making.world.now,
    ...byOf(making, conversationId),
  });
}

function setMemberRole(making: Making) {
  const { tenant, dice } = making;
  const conversationId = groupOf(making);
  if (conversationId === undefined) return undefined;
  return call('setMemberRole', {
    tenant: tenant.id,
    conversationId,
    userId: tenant.member(dice, conversationId),
    role: dice.pick(MEMBER_ROLES),
    ...byOf(making, conversationId),
  });
}

function removeMember(making: Making) {
  const { tenant, dice, focus } = making;
  const conversationId = groupOf(making);
  if (conversationId === undefined) return undefined;
  return call('removeMember', {
    tenant: tenant.id,
    conversationId,
    userId: focus?.of === 'actor' ? actorOf(making) : tenant.member(dice, conversationId),
    ...(dice.oneIn(3) ? { successorId: tenant.member(dice, conversationId) } : {}),
    ...byOf(making, conversationId),
  });
}

function handOverGroup(making: Making) {
  const { tenant, dice } = making;
  const conversationId = groupOf(making);
  if (conversationId === undefined) return undefined;
  return call('handOverGroup', {
    tenant: tenant.id,
    conversationId,
    userId: tenant.member(dice, conversationId),
    ...byOf(making, conversationId),
  });
}
