import { setImmediate } from 'node:timers/promises';
import type { OperationName } from '../sql/operation-kinds.ts';
import { type Call, show } from './call.ts';
import { Dice } from './dice.ts';
import { everything, waiting } from './everything.ts';
import { firstCalls } from './first-calls.ts';
import { learn, outboxLooks } from './learn.ts';
import { drawnIn, MAKERS } from './operations/index.ts';
import type { Focus } from './operations/maker.ts';
import type { Pair } from './pair.ts';
import type { Step } from './steps.ts';
import { World } from './world.ts';

const MAX_BURST = 12;
const OUTBOX_CALLS: ReadonlySet<OperationName> = new Set([
  'recordDeliveries',
  'feedOutbox',
  'settleDeliveries',
  'deleteWebhook',
  'retryDeadLetter',
]);

/** What was called, one line each; calls that were issued together are marked. */
export type Script = string[];

/** Does all steps with both stores, then reads all there is. Throws a `Divergence`. */
export async function runHistory(pair: Pair, steps: readonly Step[], script: Script): Promise<void> {
  const world = new World();
  for (const first of firstCalls(world)) await issue(pair, world, [first], []);
  for (const step of steps) {
    const calls = callsOf(step, world);
    if (calls.length > 0) await issue(pair, world, calls, script);
    if (calls.some(({ name }) => OUTBOX_CALLS.has(name))) await issue(pair, world, outboxLooks(world), []);
  }
  await pair.look(everything(world));
  await pair.look(waiting(world));
}

async function issue(pair: Pair, world: World, calls: readonly Call[], script: Script): Promise<void> {
  for (const each of calls) script.push(calls.length > 1 ? `  & ${show(each)}` : show(each));
  const outcomes = await pair.issue(calls);
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome) learn(world, calls[index] as Call, outcome.value);
  }
  await nextMillisecond();
}

/** Messages are numbered by the clock: those of two steps are to have their order on any connection. */
async function nextMillisecond(): Promise<void> {
  for (const begun = Date.now(); Date.now() === begun; ) await setImmediate();
}

function callsOf({ name, seed }: Step, world: World): Call[] {
  const dice = new Dice(seed);
  world.pass(dice);
  if (name === 'burst') return burst(world, dice);
  const tenant = world.tenant(dice);
  const made = MAKERS[name]?.make({ world, tenant, dice, focus: undefined });
  return made ? [made] : [];
}

function burst(world: World, dice: Dice): Call[] {
  const focus = focusOf(world, dice);
  const names = drawnIn(focus.of);
  const calls: Call[] = [];
  for (let left = 2 + dice.int(MAX_BURST - 1); left > 0; left--) {
    const tenant = 'tenant' in focus ? focus.tenant : world.tenant(dice);
    const made = MAKERS[dice.pick(names) as OperationName]?.make({ world, tenant, dice, focus });
    if (made) calls.push(made);
  }
  return calls;
}

function focusOf(world: World, dice: Dice): Focus {
  const tenant = world.tenant(dice);
  const of = dice.pick([
    'actor',
    'actor',
    'conversation',
    'conversation',
    'conversation',
    'desk',
    'outbox',
    'notifications',
    'files',
  ] as const);
  switch (of) {
    case 'actor':
      return { of, tenant, userId: tenant.user(dice) };
    case 'conversation': {
      const many = [...tenant.groups, ...tenant.groups, ...tenant.rooms, ...tenant.singles];
      return { of, tenant, conversationId: dice.pick(many) ?? 'g1' };
    }
    case 'desk':
      return { of, tenant };
    default:
      return { of };
  }
}
