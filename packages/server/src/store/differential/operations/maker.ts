import type { GroupActor } from '../../../core/rules/group-rights.ts';
import type { Call } from '../call.ts';
import type { Dice } from '../dice.ts';
import type { TenantModel, World } from '../world.ts';

/** What the calls of a burst have in common, so that their order is promised. */
export type Focus =
  | { readonly of: 'actor'; readonly tenant: TenantModel; readonly userId: string }
  | { readonly of: 'conversation'; readonly tenant: TenantModel; readonly conversationId: string }
  | { readonly of: 'desk'; readonly tenant: TenantModel }
  | { readonly of: 'outbox' | 'notifications' | 'files' };

/** What a call is made of. */
export interface Making {
  readonly world: World;
  readonly tenant: TenantModel;
  readonly dice: Dice;
  readonly focus: Focus | undefined;
}

/** Makes one call of an operation; nothing where there is nothing that it could be about. */
export interface Maker {
  /** How often it is drawn, compared with the others. */
  readonly weight: number;
  /** In which bursts it can stand. */
  readonly bursts?: readonly Focus['of'][];
  make(making: Making): Call | undefined;
}

export type Makers = Readonly<Record<string, Maker>>;

/** The user that acts: the one of the burst where that is an actor's. */
export function actorOf({ tenant, dice, focus }: Making): string {
  return focus?.of === 'actor' ? focus.userId : tenant.user(dice);
}

/** Who acts in a conversation: one of its members, mostly. */
export function memberOf({ tenant, dice, focus }: Making, conversationId: string): string {
  return focus?.of === 'actor' ? focus.userId : tenant.member(dice, conversationId);
}

/** One of the conversations that fit, or that of the burst. */
export function conversationOf({ focus }: Making, otherwise: () => string): string {
  return focus?.of === 'conversation' ? focus.conversationId : otherwise();
}

/** Whose rights in a group are asked for, in most cases. */
export function byOf({ tenant, dice }: Making, conversationId: string): { by?: GroupActor } {
  if (dice.oneIn(3)) return {};
  return { by: { userId: tenant.member(dice, conversationId), isManager: dice.oneIn(4) } };
}
