import { randomBytes } from 'node:crypto';
import { parseStore } from '../config/store-url.ts';
import { EventBridge, type EventBridgeDeps } from '../events/index.ts';
import { VERSION } from '../version.ts';
import type { Ground } from './ground.ts';

/** The bridge to other systems. It takes up what waits since the last stop before anything is published. */
export async function composeEvents(
  ground: Ground,
  deps: Pick<EventBridgeDeps, 'store' | 'next' | 'webhookLeft'>,
): Promise<EventBridge> {
  const events = new EventBridge({
    ...ground,
    ...deps,
    // Of SQLite's file there is one node.
    isAlone: parseStore(ground.config.store).kind === 'sqlite',
    version: VERSION,
    makeSecret: () => randomBytes(32).toString('base64url'),
    random: Math.random,
  });
  ground.teardown.defer('business events', () => events.close());
  await events.prepare();
  return events;
}
