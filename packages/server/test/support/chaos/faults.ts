/** What one person knows of what it wrote. */
export interface Account {
  readonly user: string;
  /** Ids of messages, in the order in which they were confirmed. */
  readonly confirmed: readonly string[];
  /** What was sent more than once: its place is not known beforehand. */
  readonly repeated: ReadonlySet<string>;
}

/** A message as the history has it. */
export interface StoredMessage {
  readonly clientId: string;
  readonly seq: number;
}

/** What there is afterwards. */
export interface Outcome {
  /** Each conversation's history, by its id. */
  readonly stored: ReadonlyMap<string, readonly StoredMessage[]>;
  /** Ids as a client was told them that was away all the time, in its order. */
  readonly missed: readonly string[];
}

/**
 * Where what there is afterwards differs from what was confirmed; nothing where all of it is there, once, and in the order in
 * which it was sent. To be asked once everything that was sent is confirmed.
 */
export function faultsOf(accounts: readonly Account[], { stored, missed }: Outcome): string[] {
  const all = [...stored.values()].flatMap((messages) => messages.map(({ clientId }) => clientId));
  return [
    ...accounts.flatMap(({ user, confirmed }) => twice(`confirmed to ${user}`, confirmed)),
    ...[...stored].flatMap(([conversation, messages]) => faultsOfHistory(conversation, messages, missed)),
    ...Object.entries({ stored: all, missed }).flatMap(([what, ids]) => [
      ...twice(what, ids),
      ...unknown(what, ids, accounts),
      ...accounts.flatMap((account) => faultsOfAccount(what, ids, account)),
    ]),
  ];
}

/** A history counts from 1 without gaps, and was told as it is. */
function faultsOfHistory(
  conversation: string,
  messages: readonly StoredMessage[],
  missed: readonly string[],
): string[] {
  const gap = messages.find(({ seq }, index) => seq !== index + 1);
  const ids = messages.map(({ clientId }) => clientId);
  const known = new Set(ids);
  const told = missed.filter((id) => known.has(id));
  const other = ids.findIndex((id, index) => told[index] !== id);
  return [
    ...(gap ? [`${conversation}: ${gap.clientId} has sequence ${gap.seq} in the wrong place`] : []),
    ...(other < 0 ? [] : [`${conversation}: told is ${told[other]} where ${ids[other]} is stored`]),
  ];
}

function twice(what: string, ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.flatMap((id) => {
    const isRepeated = seen.has(id);
    seen.add(id);
    return isRepeated ? [`${what}: ${id} twice`] : [];
  });
}

function unknown(what: string, ids: readonly string[], accounts: readonly Account[]): string[] {
  const confirmed = new Set(accounts.flatMap((account) => account.confirmed));
  return ids.filter((id) => !confirmed.has(id)).map((id) => `${what}: ${id} was never confirmed`);
}

function faultsOfAccount(what: string, ids: readonly string[], account: Account): string[] {
  const { user, confirmed, repeated } = account;
  const found = new Set(ids);
  const lost = confirmed.filter((id) => !found.has(id)).map((id) => `${what}: ${id} is missing`);
  const own = ids.filter((id) => id.startsWith(`${user}-`) && !repeated.has(id));
  const late = own.find((id, index) => index > 0 && numberOf(id) < numberOf(own[index - 1] as string));
  return late === undefined ? lost : [...lost, `${what}: ${late} after one that ${user} sent later`];
}

/** Which of its sender's messages it is. */
function numberOf(id: string): number {
  return Number(id.split('-').at(-1));
}
