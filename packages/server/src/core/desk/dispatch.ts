import type { CommandGate } from '../command-gate.ts';
import { DomainError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { requireRate } from '../message-access.ts';
import type { Principal, Timestamp } from '../model.ts';
import { type Policies, requireWriter } from '../policies.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentRef, DeskStore } from '../ports/desk-store.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import { requireLength } from '../validate.ts';
import { requireAgent } from './access.ts';
import { type AgentStatus, type DeskAgent, type Handover, MAX_SKILL_LENGTH } from './model.ts';

/** Most customers that one agent may take at a time, and most skills it may have. */
export const MAX_CAPACITY = 1000;
export const MAX_SKILLS = 32;

/** Sessions of lost agents that are put back in one step. */
const LOST_BATCH = 100;

export interface AgentStatusInput {
  readonly status: AgentStatus;
  /** As it was where absent. */
  readonly capacity?: number;
  readonly skills?: readonly string[];
}

export type TransferTarget = { readonly agentId: string } | { readonly skill: string };

/** Told of a tenant's desk whenever queue or agents changed, with the skills whose queues moved. */
export type DeskListener = (tenant: string, skills: readonly string[]) => void;

export interface DispatchDeps {
  readonly store: Pick<
    DeskStore,
    | 'assignNext'
    | 'setAgentStatus'
    | 'acceptService'
    | 'transferService'
    | 'removeAgent'
    | 'releaseLost'
    | 'listWaitingTenants'
    | 'removeFromDesk'
  >;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly rate: RateLimiter;
  readonly gate: CommandGate;
  readonly policies: Policies;
}

/** Brings customers and agents together. After each step nobody waits whom a free agent fits. */
export class Dispatch {
  readonly #deps: DispatchDeps;
  #listener: DeskListener = () => {};

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
  }

  /** Gives whoever tells of queue and agents what changes from now on. */
  onChanged(listener: DeskListener): void {
    this.#listener = listener;
  }

  /** Queue or agents changed: gives customers to free agents until nothing fits any more. */
  async fill(tenant: string, skills: readonly string[] = []): Promise<void> {
    this.#listener(tenant, skills);
    for (;;) {
      const { store, clock, limits } = this.#deps;
      const at = clock.now();
      const { deskCustomerTimeout } = limits;
      const handover = await store.assignNext({
        tenant,
        seenAfter: this.#seenAfter,
        ...(deskCustomerTimeout > 0 ? { customerSeenAfter: at - deskCustomerTimeout } : {}),
        at,
      });
      if (!handover) return;
      this.#changed(handover);
    }
  }

  /** What an agent says of itself. EPERM, EINVAL, ETOOLONG, ERATE. */
  async setStatus(actor: Principal, input: AgentStatusInput): Promise<DeskAgent> {
    const { store, clock } = this.#deps;
    this.#requireAgent(actor);
    const { tenant, userId } = actor;
    const agent = await store.setAgentStatus({
      tenant,
      userId,
      status: input.status,
      ...(input.capacity === undefined ? {} : { capacity: requireCapacity(input.capacity) }),
      ...(input.skills === undefined ? {} : { skills: requireSkills(input.skills) }),
      at: clock.now(),
    });
    await this.fill(tenant);
    return agent;
  }

  /**
   * Takes a waiting customer out of turn. EPERM, also for one who may only read; ENOENT, ERATE; ECONFLICT where it is
   * taken, or the actor has enough.
   */
  async accept(actor: Principal, sessionId: string): Promise<void> {
    this.#requireAgent(actor);
    requireWriter(await this.#deps.policies.of(actor));
    const handover = await this.#deps.store.acceptService(this.#act(actor, sessionId));
    this.#changed(handover);
  }

  /**
   * Gives an active session to another agent or to the queue of a skill.
   *
   * EPERM unless the actor serves it or is a manager; EINVAL, ERATE; ENOENT, also for a skill that no agent has; ECONFLICT
   * where it is not active, or the other agent is not online, may only read, or has enough.
   */
  async transfer(actor: Principal, sessionId: string, to: TransferTarget): Promise<void> {
    this.#requireAgent(actor);
    // What the actor said before is still said in it.
    await this.#deps.gate.turn(actor);
    const target =
      'skill' in to ? { skill: requireSkill(to.skill) } : { agentId: to.agentId, seenAfter: this.#seenAfter };
    const handover = await this.#deps.store.transferService({ ...this.#act(actor, sessionId), to: target });
    this.#changed(handover);
    await this.fill(actor.tenant);
  }

  /** Somebody may write again, or no more: takes and gives customers accordingly. */
  async permissionChanged(tenant: string): Promise<void> {
    await this.releaseLost();
    await this.fill(tenant);
  }

  /** A user is no agent any more: others serve its customers. */
  async retire(agent: AgentRef): Promise<void> {
    const { store, clock } = this.#deps;
    for (const handover of await store.removeAgent(agent, clock.now())) this.#changed(handover);
    await this.fill(agent.tenant);
  }

  /** Takes the customers of agents who are gone for too long, or may only read, back to the queue's head, and gives them to others. */
  async releaseLost(): Promise<void> {
    const { store, clock } = this.#deps;
    const tenants = new Set<string>();
    for (;;) {
      const lost = await store.releaseLost({
        seenAfter: this.#seenAfter,
        at: clock.now(),
        limit: LOST_BATCH,
      });
      for (const handover of lost) {
        this.#changed(handover);
        tenants.add(handover.session.tenant);
      }
      if (lost.length < LOST_BATCH) break;
    }
    for (const tenant of tenants) await this.fill(tenant);
  }

  /** Gives what waits anywhere, should a step have been cut off. */
  async fillAll(): Promise<void> {
    for (const tenant of await this.#deps.store.listWaitingTenants()) await this.fill(tenant);
  }

  /** A user is about to be deleted: ends what it has at the desk. */
  async forget(user: AgentRef): Promise<void> {
    const { store, clock } = this.#deps;
    const { closed, released } = await store.removeFromDesk(user, clock.now());
    for (const handover of released) this.#changed(handover);
    const skills = closed.map(({ skill }) => skill);
    if (closed.length + released.length > 0) await this.fill(user.tenant, skills);
  }

  /** A session has another agent, or waits again. */
  #changed({ session: { tenant, skill } }: Handover): void {
    this.#listener(tenant, [skill]);
  }

  #requireAgent(actor: Principal): void {
    requireAgent(actor);
    requireRate(this.#deps.rate, this.#deps.limits, actor);
  }

  #act({ tenant, userId, role }: Principal, sessionId: string) {
    const { clock } = this.#deps;
    return { tenant, sessionId, actorId: userId, isManager: role === 'admin', at: clock.now() };
  }

  get #seenAfter(): Timestamp {
    return this.#deps.clock.now() - this.#deps.limits.deskAgentTimeout;
  }
}

/** Returns the skill if it can be one; else throws EINVAL or ETOOLONG. */
export function requireSkill(skill: string): string {
  return requireLength(skill, 'skill', 0, MAX_SKILL_LENGTH);
}

function requireSkills(skills: readonly string[]): readonly string[] {
  if (skills.length > MAX_SKILLS) {
    throw new DomainError('ETOOLONG', `skills has more than ${MAX_SKILLS} entries`, {
      field: 'skills',
      limit: MAX_SKILLS,
    });
  }
  return [...new Set(skills.map(requireSkill))].filter((skill) => skill !== '');
}

function requireCapacity(capacity: number): number {
  if (Number.isInteger(capacity) && capacity >= 0 && capacity <= MAX_CAPACITY) return capacity;
  throw new DomainError('EINVAL', `capacity must be an integer from 0 to ${MAX_CAPACITY}`, {
    field: 'capacity',
    limit: MAX_CAPACITY,
  });
}
