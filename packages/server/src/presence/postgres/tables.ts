/**
 * The register's tables. They hold what lives no longer than connections, so that they are in no log of the database: they are empty after a
 * crash of it, which is found out by their epoch. They belong to no store and are in no copy of one.
 */
export const TABLES: readonly string[] = [
  `CREATE UNLOGGED TABLE IF NOT EXISTS live_epoch (id TEXT NOT NULL PRIMARY KEY, settled_at BIGINT NOT NULL)`,
  `CREATE UNLOGGED TABLE IF NOT EXISTS live_node (incarnation TEXT NOT NULL PRIMARY KEY, ends_at BIGINT NOT NULL)`,
  `CREATE UNLOGGED TABLE IF NOT EXISTS live_user (name TEXT NOT NULL, incarnation TEXT NOT NULL, swept BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (name, incarnation))`,
  `CREATE INDEX IF NOT EXISTS live_user_of_node ON live_user (incarnation, name)`,
  `CREATE UNLOGGED TABLE IF NOT EXISTS live_place (in_set TEXT NOT NULL, member TEXT NOT NULL, incarnation TEXT NOT NULL, holder TEXT NOT NULL,
  PRIMARY KEY (in_set, member))`,
  `CREATE INDEX IF NOT EXISTS live_place_of_node ON live_place (incarnation, in_set, member)`,
  `CREATE UNLOGGED TABLE IF NOT EXISTS live_sweep (incarnation TEXT NOT NULL, what TEXT NOT NULL, sweeper TEXT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (incarnation, what))`,
];

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** One transaction of the register after the other, over all nodes: each sees what those before it left. */
export const TURN = `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' haina who is where', 0))`;

export const TIME_AND_EPOCH = `SELECT ${NOW} AS now, (SELECT id FROM live_epoch) AS epoch, (SELECT settled_at FROM live_epoch) AS settled`;

export const MAKE_EPOCH = `INSERT INTO live_epoch VALUES ($1, 0)`;
export const SETTLE = `UPDATE live_epoch SET settled_at = greatest(settled_at, $1)`;

export const LEASE_END = 'SELECT ends_at FROM live_node WHERE incarnation = $1';
export const TAKE_LEASE = `INSERT INTO live_node VALUES ($1, $2) ON CONFLICT (incarnation) DO UPDATE SET ends_at = excluded.ends_at`;
export const NODES = 'SELECT incarnation, ends_at FROM live_node ORDER BY ends_at';
export const RESIGN = `UPDATE live_node SET ends_at = ${NOW} + $2 WHERE incarnation = $1`;
export const FORGET = `DELETE FROM live_node n WHERE incarnation = $1 AND ends_at <= ${NOW}
  AND NOT EXISTS (SELECT 1 FROM live_user u WHERE u.incarnation = n.incarnation)
  AND NOT EXISTS (SELECT 1 FROM live_place p WHERE p.incarnation = n.incarnation)`;

/** Each row: the user, and whether the entry was made or taken out now. */
export const ENTER_USERS = `INSERT INTO live_user (name, incarnation) SELECT name, $2 FROM unnest($1::text[]) AS given (name)
  ON CONFLICT (name, incarnation) DO UPDATE SET swept = false WHERE live_user.swept RETURNING name`;
export const LEAVE_USERS = `DELETE FROM live_user WHERE name = ANY ($1::text[]) AND incarnation = $2 RETURNING name`;
/** How many nodes have each of the users that any node has. */
export const COUNT_NODES = `SELECT name, count(*) AS nodes FROM live_user WHERE name = ANY ($1::text[]) AND NOT swept GROUP BY name`;
export const ONLINE_USERS = `SELECT DISTINCT u.name FROM live_user u JOIN live_node n ON n.incarnation = u.incarnation
  WHERE u.name = ANY ($1::text[]) AND NOT u.swept AND n.ends_at > ${NOW}`;
/** What is swept stays until it was told, but counts for nothing. */
export const SWEEP_USERS = `UPDATE live_user SET swept = true
  WHERE incarnation = $1 AND name IN (SELECT name FROM live_user WHERE incarnation = $1 ORDER BY name LIMIT $2) RETURNING name`;

/** Whether the place was taken, and which node had it. */
export const TAKE_PLACE = `WITH held AS (SELECT incarnation FROM live_place WHERE in_set = $1 AND member = $2),
  taken AS (
    INSERT INTO live_place (in_set, member, holder, incarnation)
    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM held WHERE incarnation = $4) OR NOT EXISTS (SELECT 1 FROM held)
      AND (SELECT count(*) FROM live_place WHERE in_set = $1) < $5
    ON CONFLICT (in_set, member) DO UPDATE SET holder = excluded.holder RETURNING 1)
  SELECT (SELECT count(*) FROM taken) AS taken, (SELECT incarnation FROM held) AS held`;
export const COUNT_PLACES = 'SELECT count(*) AS members FROM live_place WHERE in_set = $1';
export const TAKE_PLACES = `INSERT INTO live_place (in_set, member, holder, incarnation)
  SELECT in_set, member, holder, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS given (in_set, member, holder)
  ON CONFLICT (in_set, member) DO UPDATE SET holder = excluded.holder WHERE live_place.incarnation = excluded.incarnation`;
export const LEAVE_PLACE =
  'DELETE FROM live_place WHERE in_set = $1 AND member = $2 AND incarnation = $3 AND holder = $4';
export const PLACES_DONE = `DELETE FROM live_place p USING unnest($1::text[], $2::text[]) AS done (in_set, member)
  WHERE p.in_set = done.in_set AND p.member = done.member AND p.incarnation = $3`;
export const SWEEP_PLACES =
  'SELECT in_set, member FROM live_place WHERE incarnation = $1 ORDER BY in_set, member LIMIT $2';

export const SWEEPER = `SELECT sweeper FROM live_sweep WHERE incarnation = $1 AND what = $2 AND until > ${NOW}`;
export const CLAIM_SWEEP = `INSERT INTO live_sweep VALUES ($1, $2, $3, ${NOW} + $4)
  ON CONFLICT (incarnation, what) DO UPDATE SET sweeper = excluded.sweeper, until = excluded.until`;
export const END_SWEEP = 'DELETE FROM live_sweep WHERE incarnation = $1 AND what = $2';
