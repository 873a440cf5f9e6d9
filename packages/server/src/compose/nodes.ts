import { hostname } from 'node:os';
import type { LogEntry } from '../core/log/log-entry.ts';
import { Peers } from '../log/peers.ts';
import type { Ground } from './ground.ts';
import { type ClusterPart, openNodeLog } from './store.ts';

/** This node among others, and what its store needs for that. */
export interface NodeParts {
  readonly peers: Peers;
  readonly part: ClusterPart;
}

export interface NodeHearer {
  /** Tells this node's sessions what another one did. */
  tell(entry: LogEntry): void;
  /** How many sessions this node has. */
  sessions(): number;
  /** Others went on without this node: nothing that it has in memory can be relied on. */
  lost(): void;
}

/** Several nodes may work on one PostgreSQL database; of SQLite's file there is one. */
export function composeNodes(ground: Ground, hearer: NodeHearer): NodeParts | undefined {
  const { log, teardown } = ground;
  const opened = openNodeLog(ground);
  if (!opened) return undefined;
  const peers = new Peers({
    ...ground,
    log: opened.nodeLog,
    report: () => ({ host: hostname(), pid: process.pid, sessions: hearer.sessions() }),
    tell(entry) {
      try {
        hearer.tell(entry);
      } catch (err) {
        log.error({ err, entry: entry.type }, 'what another node did was not told');
      }
    },
    lost() {
      log.warn('this node was silent for too long: others went on without it, and its clients connect again');
      hearer.lost();
    },
    onError: (err) => log.warn({ err }, 'the other nodes could not be followed; trying again'),
  });
  teardown.defer('other nodes', () => peers.close());
  return { peers, part: { membership: opened.membership, committed: (record) => peers.committed(record) } };
}
