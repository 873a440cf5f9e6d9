import { randomBytes } from 'node:crypto';
import type { Config } from './settings.ts';

/** A node that has its store for itself. */
const ALONE = 'main';

/** What this server is called among those that share a store. */
export function nodeName({ node, store }: Pick<Config, 'node' | 'store'>): string {
  return node ?? (store === 'sqlite' ? ALONE : `node-${randomBytes(6).toString('hex')}`);
}
