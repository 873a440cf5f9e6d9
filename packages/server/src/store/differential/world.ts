import type { ServiceSession, ServiceState } from '../../core/desk/model.ts';
import type { Message, Person } from '../../core/model.ts';
import type { DeliveryClaim } from '../../core/ports/event-store.ts';
import type { NewMessage } from '../../core/ports/store.ts';
import type { Dice } from './dice.ts';

/*
 * What exists, as far as it takes to make calls that mean something. What it does not know costs a refusal, never a wrong test:
 * right is what both stores say alike.
 */

/** Ids that sort and compare differently by the rules of languages than by bytes. */
export const USER_IDS = ['ann', 'bob', 'Bob', 'c-d', 'c_c', 'é1', '张三', 'agt1', 'agt2'] as const;
export const GROUP_IDS = ['g1', 'G2', 'g-3'] as const;
export const ROOM_IDS = ['r1', 'R2'] as const;
/** Of no conversation and no user. */
export const NOWHERE = 'nowhere';
export const GUESTS: readonly [Person, ...Person[]] = [
  { id: 'guest:1', profile: { name: 'G', number: '1', nickname: 'Gé', avatar: '' } },
  { id: 'guest:2', profile: { name: '', number: '', nickname: '', avatar: 'http://a/b' } },
];
export const SKILLS = ['', 'tax', 'Bücher'] as const;
export const NODES = ['n1', 'n2'] as const;
export const NETWORKS = ['10.0.0.1', '10.0.1.0', '10.0.2.0', '2001:db8::', 'f', 'g', 'h'] as const;

export class TenantModel {
  readonly id: string;
  readonly users = new Set<string>();
  readonly groups = new Set<string>();
  readonly rooms = new Set<string>();
  readonly singles = new Set<string>();
  /** As they were told last. */
  readonly services = new Map<string, ServiceSession>();
  /** By conversation. */
  readonly members = new Map<string, Set<string>>();
  readonly messages: Message[] = [];
  readonly sent: NewMessage[] = [];
  /** Whom each is for; null for all. */
  readonly notifications = new Map<string, readonly string[] | null>();
  readonly files: { readonly id: string; readonly ownerId: string }[] = [];
  /** Owners of files that are to come, by their ids. */
  readonly reserved = new Map<string, string>();
  readonly webhooks = new Set<string>();
  readonly audits: string[] = [];

  constructor(id: string) {
    this.id = id;
  }

  /** All conversations that there are, or were. */
  get conversations(): string[] {
    return [...this.groups, ...this.rooms, ...this.singles, ...this.services.keys()];
  }

  membersOf(conversationId: string): string[] {
    return [...(this.members.get(conversationId) ?? [])];
  }

  /** The highest sequence that is known of a conversation. */
  lastSeq(conversationId: string): number {
    let last = 0;
    for (const message of this.messages) {
      if (message.conversationId === conversationId) last = Math.max(last, message.seq);
    }
    return last;
  }

  user(dice: Dice): string {
    return dice.likely([...this.users], [...USER_IDS, NOWHERE, GUESTS[0].id]);
  }

  group(dice: Dice): string {
    return dice.likely([...this.groups], [...GROUP_IDS, ...ROOM_IDS, NOWHERE]);
  }

  room(dice: Dice): string {
    return dice.likely([...this.rooms], [...ROOM_IDS, ...GROUP_IDS, NOWHERE]);
  }

  conversation(dice: Dice): string {
    return dice.likely(this.conversations, [NOWHERE, ...GROUP_IDS]);
  }

  /** A service session in one of these states, or now and then any; undefined where there is none. */
  service(dice: Dice, ...states: readonly ServiceState[]): ServiceSession | undefined {
    const all = [...this.services.values()];
    return dice.pick(dice.oneIn(8) ? all : all.filter(({ state }) => states.includes(state)));
  }

  member(dice: Dice, conversationId: string): string {
    const members = this.membersOf(conversationId);
    return members.length > 0 && !dice.oneIn(5) ? (dice.pick(members) as string) : this.user(dice);
  }

  /** A message, mostly one of the newest. */
  message(dice: Dice): Message | undefined {
    return dice.pick(dice.oneIn(3) ? this.messages : this.messages.slice(-10));
  }
}

export class World {
  readonly tenants: readonly [TenantModel, TenantModel] = [new TenantModel('red'), new TenantModel('Blue')];
  /** Deliveries that somebody has in its hands, by the ids of the first store. */
  claims: { readonly claim: DeliveryClaim; readonly ids: readonly string[] }[] = [];
  deadLetters: { tenant: string; id: string }[] = [];
  now = 10_000;
  #ids = 0;

  tenant(dice: Dice): TenantModel {
    return this.tenants[dice.oneIn(6) ? 1 : 0];
  }

  model(tenant: string): TenantModel {
    return this.tenants.find(({ id }) => id === tenant) ?? this.tenants[0];
  }

  /** An id that only the server gives, and so nobody has. */
  newId(kind: string): string {
    return `${kind}${++this.#ids}`;
  }

  /** A time that was, is, or is to come: several things may have the same. */
  time(dice: Dice): number {
    return this.now + (dice.int(7) - 4) * 500;
  }

  /** Time goes on, or does not. */
  pass(dice: Dice): void {
    this.now += dice.pick([0, 0, 1, 500, 1000]);
  }
}
