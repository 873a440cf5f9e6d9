import { IS_HELD } from './files.ts';
import { ENDED } from './sight.ts';
import { all, get, type Op } from './statement.ts';

/** Findings that one check tells at most. */
const MAX_FINDINGS = 20;

/** Whether something that the server relies on is so in the whole store, which may take its time. */
export interface ConsistencyCheck {
  readonly what: string;
  /** What is wrong, in words for the operator. */
  find(): Op<string[]>;
}

export const CONSISTENCY_CHECKS: readonly ConsistencyCheck[] = [
  { what: 'sequences have no gaps', find: findGaps },
  { what: 'numbers ascend', find: findNumbers },
  { what: 'member counts agree', find: findMemberCounts },
  { what: 'positions stay inside', find: findPositions },
  { what: 'files know whether they are held', find: findFiles },
];

/** How much there is. */
export function* countContents(): Op<{ conversations: number; messages: number }> {
  const counted = yield* get<{ conversations: number; messages: number }>(
    `SELECT (SELECT count(*) FROM conversation WHERE kind <> '${ENDED}') AS conversations,
       (SELECT count(*) FROM message) AS messages`,
  );
  return counted as { conversations: number; messages: number };
}

function* findGaps(): Op<string[]> {
  const rows = yield* all<{ id: string; last: number; n: number; top: number }>(
    `SELECT id, last, n, top FROM (
         SELECT c.id, c.last_seq AS last, coalesce(m.n, 0) + coalesce(g.lost, 0) AS n,
             CASE WHEN coalesce(m.top, 0) > coalesce(g.top, 0) THEN m.top ELSE coalesce(g.top, 0) END AS top
           FROM conversation c
           LEFT JOIN (SELECT conversation, count(*) AS n, max(seq) AS top FROM message GROUP BY conversation) m
             ON m.conversation = c.pk
           LEFT JOIN (SELECT conversation, sum(to_seq - from_seq + 1) AS lost, max(to_seq) AS top FROM gone GROUP BY conversation) g
             ON g.conversation = c.pk) found
       WHERE n <> last OR top <> last LIMIT ${MAX_FINDINGS}`,
  );
  return rows.map(
    ({ id, last, n, top }) => `conversation ${id}: ${n} messages up to sequence ${top}, expected ${last}`,
  );
}

function* findNumbers(): Op<string[]> {
  const rows = yield* all<{ id: string; seq: number }>(
    `SELECT c.id, m.seq FROM (
         SELECT conversation, seq, number, lag(number, 1, 0) OVER (PARTITION BY conversation ORDER BY seq) AS last FROM message) m
       JOIN conversation c ON c.pk = m.conversation WHERE m.number <= m.last LIMIT ${MAX_FINDINGS}`,
  );
  return rows.map(({ id, seq }) => `conversation ${id}: message ${seq} has no number above those before it`);
}

function* findMemberCounts(): Op<string[]> {
  const rows = yield* all<{ id: string; expected: number; n: number }>(
    `SELECT c.id, c.member_count AS expected, coalesce(m.n, 0) AS n FROM conversation c
       LEFT JOIN (SELECT conversation, count(*) AS n FROM member GROUP BY conversation) m ON m.conversation = c.pk
       WHERE coalesce(m.n, 0) <> c.member_count AND c.kind <> '${ENDED}' LIMIT ${MAX_FINDINGS}`,
  );
  return rows.map(({ id, expected, n }) => `conversation ${id}: ${n} members, expected ${expected}`);
}

function* findPositions(): Op<string[]> {
  const rows = yield* all<{ id: string; user: string }>(
    `SELECT c.id, m.user_id AS "user" FROM member m JOIN conversation c ON c.pk = m.conversation
       WHERE m.delivered > c.last_seq OR m.read > c.last_seq OR m.revision > c.revision OR m.joined_seq > c.last_seq
       LIMIT ${MAX_FINDINGS}`,
  );
  return rows.map(({ id, user }) => `conversation ${id}: ${user} has acknowledged more than there is`);
}

function* findFiles(): Op<string[]> {
  const rows = yield* all<FileRow>(
    `SELECT id, unused_since IS NULL AS held, ${IS_HELD} AS "isHeld" FROM file
       WHERE (unused_since IS NULL) <> ${IS_HELD} LIMIT ${MAX_FINDINGS}`,
  );
  return rows.map(describeFile);
}

/** A check that takes a short time, however much there is: what it looks at and what not is noted. */
export interface QuickLook {
  readonly findings: string[];
  readonly checked: string[];
  readonly leftOut: string[];
  /** Whether nothing more is to be begun. */
  isOver(): boolean;
}

export interface QuickCheck {
  readonly what: string;
  run(look: QuickLook): Op<void>;
}

export const QUICK_CHECKS: readonly QuickCheck[] = [
  { what: 'newest conversations', run: checkNewestConversations },
  { what: 'newest files', run: checkNewestFiles },
];

/** The newest messages say which conversations are looked at. */
const MAX_NEWEST = 10_000;
/** Of each of these conversations, from its end. */
const MAX_LOOKED_AT = 500;
const MAX_MEMBERS = 5000;
const MAX_FILES = 1000;

interface ConversationRow {
  readonly pk: number;
  readonly id: string;
  readonly last: number;
  readonly revision: number;
  readonly members: number;
}

interface FileRow {
  readonly id: string;
  readonly held: number;
  readonly isHeld: number;
}

function* checkNewestConversations({ findings, checked, leftOut, isOver }: QuickLook): Op<void> {
  const conversations = yield* all<ConversationRow>(
    `SELECT pk, id, last_seq AS last, revision, member_count AS members FROM conversation WHERE kind <> '${ENDED}' AND pk IN
       (SELECT conversation FROM message WHERE id IN (SELECT id FROM message ORDER BY id DESC LIMIT ${MAX_NEWEST}))`,
  );
  let done = 0;
  for (const conversation of conversations) {
    if (isOver() || findings.length >= MAX_FINDINGS) break;
    findings.push(...(yield* checkMessages(conversation)), ...(yield* checkMembers(conversation)));
    done++;
  }
  checked.push(`${done} conversations that were written to last, of each its last ${MAX_LOOKED_AT} messages`);
  if (done < conversations.length) leftOut.push(`${conversations.length - done} more of these conversations`);
  leftOut.push('all other conversations, older messages', `members of more than ${MAX_MEMBERS}`);
}

/** The last sequences are there, or are noted as removed, and their numbers ascend. */
function* checkMessages({ pk, id, last }: ConversationRow): Op<string[]> {
  const from = Math.max(1, last - MAX_LOOKED_AT + 1);
  const rows = yield* all<{ seq: number; number: number }>(
    'SELECT seq, number FROM message WHERE conversation = ? AND seq >= ? ORDER BY seq',
    pk,
    from,
  );
  const gone = yield* all<{ first: number; end: number }>(
    'SELECT from_seq AS first, to_seq AS end FROM gone WHERE conversation = ? AND to_seq >= ? AND from_seq <= ?',
    pk,
    from,
    last,
  );
  const lost = gone.reduce((sum, { first, end }) => sum + Math.min(end, last) - Math.max(first, from) + 1, 0);
  const expected = last - from + 1;
  const findings: string[] = [];
  if (rows.length + lost !== expected || (rows.at(-1)?.seq ?? 0) > last) {
    findings.push(`conversation ${id}: ${rows.length + lost} messages from ${from} on, expected ${expected}`);
  }
  const wrong = rows.find(({ number }, index) => index > 0 && number <= (rows[index - 1]?.number ?? 0));
  if (wrong) findings.push(`conversation ${id}: message ${wrong.seq} has no number above those before it`);
  return findings;
}

function* checkMembers({ pk, id, last, revision, members }: ConversationRow): Op<string[]> {
  if (members > MAX_MEMBERS) return [];
  const { n, beyond } = (yield* get<{ n: number; beyond: number }>(
    `SELECT count(*) AS n,
         coalesce(sum(CASE WHEN delivered > ?2 OR read > ?2 OR revision > ?3 OR joined_seq > ?2 THEN 1 ELSE 0 END), 0) AS beyond
       FROM member WHERE conversation = ?1`,
    pk,
    last,
    revision,
  )) as { n: number; beyond: number };
  return [
    ...(n === members ? [] : [`conversation ${id}: ${n} members, expected ${members}`]),
    ...(beyond === 0 ? [] : [`conversation ${id}: ${beyond} members have acknowledged more than there is`]),
  ];
}

function* checkNewestFiles({ findings, checked, leftOut, isOver }: QuickLook): Op<void> {
  if (isOver()) {
    leftOut.push('whether files are held');
    return;
  }
  const rows = yield* all<FileRow>(
    `SELECT id, unused_since IS NULL AS held, ${IS_HELD} AS "isHeld" FROM file ORDER BY pk DESC LIMIT ${MAX_FILES}`,
  );
  findings.push(...rows.filter(({ held, isHeld }) => held !== isHeld).map(describeFile));
  checked.push(`whether the newest ${rows.length} files are held`);
  if (rows.length === MAX_FILES) leftOut.push('older files');
}

function describeFile({ id, held }: FileRow): string {
  return `file ${id}: ${held ? 'nothing holds it' : 'something holds it'}`;
}
