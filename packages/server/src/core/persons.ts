/** Stands between an id and the number of its holder: no id has it, and it needs no escape in a URL. */
const MARK = '~';

/** The id of one of several persons who had the same id one after the other. */
export function markedId(id: string, generation: number): string {
  return `${id}${MARK}${generation}`;
}

/** The key that a person's messages and single chats are stored under: it never changes, and is nobody else's. */
export function personKey(id: string, generation: number): string {
  return generation === 1 ? id : markedId(id, generation);
}

export function isMarked(id: string): boolean {
  return id.includes(MARK);
}

/** The id that a person has, or had. */
export function unmarkedId(id: string): string {
  const end = id.indexOf(MARK);
  return end < 0 ? id : id.slice(0, end);
}
