import { StartError } from './config/start-error.ts';
import { DomainError } from './core/errors.ts';
import type { Groups } from './core/groups.ts';
import type { Principal, Role } from './core/model.ts';
import type { ConversationStore } from './core/ports/conversation-store.ts';
import type { UserStore } from './core/ports/user-store.ts';
import type { Users } from './core/users.ts';

/** An account whose password is its name. */
export interface DemoAccount {
  readonly tenant: string;
  readonly name: string;
  readonly role: Role;
}

/** In the order of their uids in each tenant. */
export const DEMO_ACCOUNTS: readonly DemoAccount[] = [
  { tenant: 'default', name: 'alice', role: 'user' },
  { tenant: 'default', name: 'bob', role: 'user' },
  { tenant: 'default', name: 'carol', role: 'user' },
  { tenant: 'default', name: 'agent1', role: 'agent' },
  { tenant: 'default', name: 'agent2', role: 'agent' },
  { tenant: 'default', name: 'admin', role: 'admin' },
  { tenant: 'ak_demo_chat', name: 'user_001', role: 'user' },
  { tenant: 'ak_demo_chat', name: 'user_002', role: 'user' },
];

/** The group of all accounts of the tenant `default`. */
export const DEMO_GROUP = 'demo';

export interface DemoDeps {
  readonly users: Users;
  readonly groups: Groups;
  readonly store: Pick<UserStore, 'findUser'> & Pick<ConversationStore, 'findConversation'>;
}

/** Makes the demo accounts and their group where they are missing. StartError where other users are in their place. */
export async function seedDemo({ users, groups, store }: DemoDeps): Promise<void> {
  const known = await Promise.all(DEMO_ACCOUNTS.map(({ tenant, name }) => store.findUser(tenant, name)));
  const missing = DEMO_ACCOUNTS.filter((_, index) => !known[index]);
  await Promise.all(missing.map((account) => makeAccount(users, account)));
  if (!(await store.findConversation('default', DEMO_GROUP))) {
    const members = DEMO_ACCOUNTS.filter(({ tenant }) => tenant === 'default').map(({ name }) => ({
      userId: name,
    }));
    await groups.create(seeder('default'), { id: DEMO_GROUP, name: 'Demo', members });
  }
}

async function makeAccount(users: Users, { tenant, name, role }: DemoAccount): Promise<void> {
  // Given, not left to the store: hashing takes turns, and the order must be that of the list.
  const uid =
    DEMO_ACCOUNTS.filter((account) => account.tenant === tenant).findIndex(
      (account) => account.name === name,
    ) + 1;
  const account = { id: name, uid, username: name, nickname: name, role, password: name };
  try {
    await users.create(seeder(tenant), account);
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'ECONFLICT')) throw error;
    throw new StartError(
      `the data folder has users of its own in place of the demo account ${name}; give the demo another by --data-dir`,
      { cause: error },
    );
  }
}

function seeder(tenant: string): Principal {
  return { tenant, userId: 'demo', role: 'service', name: 'demo' };
}
