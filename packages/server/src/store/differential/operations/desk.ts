import { AGENT_STATUSES, type ServiceState } from '../../../core/desk/model.ts';
import type { AgentRef, ServiceAct } from '../../../core/ports/desk-store.ts';
import { call } from '../call.ts';
import { NODES, NOWHERE, SKILLS } from '../world.ts';
import type { Makers, Making } from './maker.ts';

const DESK = ['desk'] as const;
const AGENTS = ['agt1', 'agt2'] as const;

export const DESK_MAKERS: Makers = {
  agentsSeen: {
    weight: 9,
    bursts: DESK,
    make: (making) =>
      call('agentsSeen', {
        node: making.dice.pick(NODES),
        agents: refs(making, agentOf),
        at: making.world.now,
      }),
  },
  agentLeft: {
    weight: 2,
    bursts: DESK,
    make: (making) => call('agentLeft', leaving(making, agentOf(making))),
  },
  resumeDesk: { weight: 1, make: ({ dice, world }) => call('resumeDesk', dice.pick(NODES), world.now) },
  setAgentStatus: { weight: 7, bursts: DESK, make: setAgentStatus },
  assignNext: { weight: 8, bursts: DESK, make: assignNext },
  acceptService: {
    weight: 9,
    bursts: DESK,
    make: (making) => {
      const act = actOn(making, 'queued');
      return act && call('acceptService', { ...act, actorId: agentOf(making) });
    },
  },
  transferService: { weight: 9, bursts: DESK, make: transferService },
  releaseLost: {
    weight: 1,
    make: ({ dice, world }) =>
      call('releaseLost', { seenAfter: world.time(dice) - 2000, at: world.now, limit: dice.pick([1, 100]) }),
  },
  removeFromDesk: {
    weight: 1,
    bursts: DESK,
    make: ({ tenant, dice, world }) =>
      call('removeFromDesk', { tenant: tenant.id, userId: tenant.user(dice) }, world.now),
  },
  removeAgent: {
    weight: 1,
    bursts: DESK,
    make: (making) => call('removeAgent', refOf(making, agentOf(making)), making.world.now),
  },
  customersSeen: {
    weight: 4,
    bursts: DESK,
    make: (making) =>
      call('customersSeen', {
        node: making.dice.pick(NODES),
        customers: refs(making, customerOf),
        at: making.world.now,
      }),
  },
  customerLeft: {
    weight: 3,
    bursts: DESK,
    make: (making) => call('customerLeft', leaving(making, customerOf(making))),
  },
  settleOverdue: { weight: 2, make: settleOverdue },
  closeService: { weight: 4, bursts: DESK, make: closeService },
  rateService: { weight: 7, bursts: DESK, make: rateService },
  addNote: { weight: 4, bursts: DESK, make: addNote },
};

function agentOf({ tenant, dice }: Making): string {
  return dice.oneIn(6) ? tenant.user(dice) : dice.pick(AGENTS);
}

function customerOf({ tenant, dice }: Making): string {
  const customer = tenant.service(dice, 'queued', 'active')?.customerId;
  return customer ?? tenant.user(dice);
}

function refOf({ tenant }: Making, userId: string): AgentRef {
  return { tenant: tenant.id, userId };
}

function refs(making: Making, userOf: (making: Making) => string): AgentRef[] {
  return Array.from({ length: making.dice.int(3) + 1 }, () => refOf(making, userOf(making)));
}

function leaving(making: Making, userId: string) {
  return { ...refOf(making, userId), node: making.dice.pick(NODES), at: making.world.now };
}

/** An act on a session in one of these states, mostly by its agent; undefined where there is none. */
function actOn({ tenant, dice, world }: Making, ...states: readonly ServiceState[]): ServiceAct | undefined {
  const session = tenant.service(dice, ...states);
  if (!session && !dice.oneIn(12)) return undefined;
  const {
    id: sessionId,
    agentId,
    customerId,
  } = session ?? { id: NOWHERE, agentId: null, customerId: NOWHERE };
  const actorId = dice.oneIn(8) ? tenant.user(dice) : (agentId ?? customerId);
  return { tenant: tenant.id, sessionId, actorId, isManager: dice.oneIn(8), at: world.now };
}

function closeService(making: Making) {
  const act = actOn(making, 'queued', 'active');
  return act && call('closeService', act);
}

function setAgentStatus(making: Making) {
  const { dice, world } = making;
  return call('setAgentStatus', {
    ...refOf(making, agentOf(making)),
    status: dice.pick([...AGENT_STATUSES, 'online', 'online', 'online']),
    at: world.now,
    ...dice.maybe(() => ({ capacity: dice.pick([1, 3, 3, 5, 0]) })),
    ...dice.maybe(() => ({ skills: dice.some(SKILLS.slice(1), 3) })),
  });
}

function assignNext({ tenant, dice, world }: Making) {
  return call('assignNext', {
    tenant: tenant.id,
    seenAfter: world.now - dice.pick([100, 5000, 50_000]),
    at: world.now,
    ...dice.maybe(() => ({ customerSeenAfter: world.time(dice) - 3000 })),
  });
}

function transferService(making: Making) {
  const { dice, world } = making;
  const act = actOn(making, 'active');
  if (!act) return undefined;
  const to = dice.oneIn(2)
    ? { skill: dice.pick(SKILLS) }
    : { agentId: agentOf(making), seenAfter: world.now - 50_000 };
  return call('transferService', { ...act, to });
}

function settleOverdue({ dice, world }: Making) {
  return call('settleOverdue', {
    lostBefore: world.time(dice) - 3000,
    at: world.now,
    limit: dice.pick([1, 2, 100]),
    ...dice.maybe(() => ({ awayBefore: world.time(dice) - 2000 })),
    ...dice.maybe(() => ({ absentBefore: world.time(dice) - 1000 })),
    ...(dice.oneIn(4) ? { idleBefore: world.time(dice) - 5000 } : {}),
  });
}

function rateService(making: Making) {
  const { tenant, dice } = making;
  const act = actOn(making, 'closed');
  if (!act) return undefined;
  const customerId = tenant.services.get(act.sessionId)?.customerId ?? NOWHERE;
  const actorId = dice.oneIn(8) ? act.actorId : customerId;
  const rating = { score: dice.int(5) + 1, comment: dice.pick(['', 'ü']) };
  return call('rateService', { ...act, actorId }, rating, dice.pick([0, 0, 400]));
}

function addNote(making: Making) {
  const { tenant, dice, world } = making;
  const act = actOn(making, 'queued', 'active');
  if (!act) return undefined;
  const id = world.newId('note');
  return call('addNote', {
    tenant: tenant.id,
    id,
    clientId: dice.oneIn(3) ? dice.pick(['1', '2']) : id,
    sessionId: act.sessionId,
    authorId: agentOf(making),
    content: dice.pick(['', 'note', 'same', 'ü\u0000']),
    at: world.now,
  });
}
