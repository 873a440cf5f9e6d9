import type { NewMember } from '../../core/ports/store.ts';
import { type Call, call } from './call.ts';
import { NODES, SKILLS, type TenantModel, USER_IDS, type World } from './world.ts';

const AGENTS = ['agt1', 'agt2'] as const;

/** What is there before a history begins, so that its first steps find something. A history that failed does not show it. */
export function firstCalls({ tenants: [red, blue], now: at }: World): Call[] {
  return [
    ...[...USER_IDS.slice(0, 5), ...AGENTS].map((id) => newUser(red, id)),
    ...USER_IDS.slice(0, 3).map((id) => newUser(blue, id)),
    newGroup(red, 'g1', ['ann', 'bob', 'Bob', 'agt1']),
    newGroup(red, 'G2', ['bob', 'c-d', 'c_c']),
    newGroup(blue, 'g1', ['ann', 'bob']),
    newRoom(red, 'r1'),
    call('agentsSeen', { node: NODES[0], agents: AGENTS.map((userId) => ({ tenant: red.id, userId })), at }),
    ...AGENTS.map((userId) => {
      const skills = SKILLS.slice(1);
      return call('setAgentStatus', { tenant: red.id, userId, status: 'online', capacity: 3, skills, at });
    }),
  ];
}

function newUser({ id: tenant }: TenantModel, id: string): Call {
  return call('createUser', {
    tenant,
    id,
    username: id,
    mayLookAlike: true,
    nickname: '',
    role: id.startsWith('agt') ? 'agent' : 'user',
    passwordHash: 'hash',
    createdAt: 1,
  });
}

function newGroup({ id: tenant }: TenantModel, id: string, userIds: readonly string[]): Call {
  const members = userIds.map(
    (userId, index): NewMember => ({ userId, role: index === 0 ? 'owner' : 'member' }),
  );
  return call('createGroup', { tenant, id, name: id, members, createdAt: 1 });
}

function newRoom({ id: tenant }: TenantModel, id: string): Call {
  return call('createRoom', {
    tenant,
    id,
    name: id,
    description: '',
    isOpen: true,
    owner: null,
    createdAt: 1,
  });
}
