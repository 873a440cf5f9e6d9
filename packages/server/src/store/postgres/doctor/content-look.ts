import { CONSISTENCY_CHECKS, countContents, QUICK_CHECKS, type QuickLook } from '../../sql/consistency.ts';
import type { Op } from '../../sql/statement.ts';
import type { Connection } from '../connect.ts';
import { PostgresDriver } from '../driver.ts';

/** Time after which a quick look begins nothing more, in ms. */
const BUDGET = 10_000;

/** What was found of what is stored. */
export interface ContentReport {
  readonly findings: readonly string[];
  readonly checked: readonly string[];
  readonly leftOut: readonly string[];
  readonly counts?: { readonly conversations: number; readonly messages: number };
}

/** Told as each check begins. */
export type OnCheck = (what: string, index: number, total: number) => void;

/** Looks at all that is stored, of one moment, beside servers that go on writing. */
export function lookAtAll(connection: Connection, onCheck: OnCheck): Promise<ContentReport> {
  return atOneMoment(connection, async (run) => {
    const findings: string[] = [];
    for (const [index, { what, find }] of CONSISTENCY_CHECKS.entries()) {
      onCheck(what, index, CONSISTENCY_CHECKS.length);
      findings.push(...(await run(find())));
    }
    return { findings, checked: [], leftOut: [STRUCTURE], counts: await run(countContents()) };
  });
}

/** Looks at what was written last. */
export function lookAtNewest(connection: Connection, onCheck: OnCheck): Promise<ContentReport> {
  const until = performance.now() + BUDGET;
  const look: QuickLook = {
    findings: [],
    checked: [],
    leftOut: [STRUCTURE],
    isOver: () => performance.now() > until,
  };
  return atOneMoment(connection, async (run) => {
    for (const [index, check] of QUICK_CHECKS.entries()) {
      onCheck(check.what, index, QUICK_CHECKS.length);
      await run(check.run(look));
    }
    return look;
  });
}

const STRUCTURE = 'pages, rows and indexes: pg_amcheck of PostgreSQL looks at these';

type Run = <T>(operation: Op<T>) => Promise<T>;

async function atOneMoment<T>(connection: Connection, look: (run: Run) => Promise<T>): Promise<T> {
  const driver = new PostgresDriver(connection);
  driver.begin('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const result = await look((operation) => driver.run(operation));
  await driver.commit();
  return result;
}
