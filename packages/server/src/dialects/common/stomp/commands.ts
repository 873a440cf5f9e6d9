import type { StompFrame } from '@haina/wire';
import type { SendOutcome } from '../../../stomp/handler.ts';
import { handleAdded } from '../added-destination.ts';
import { jsonOrNull } from '../json.ts';
import type { DialectServices } from '../services.ts';
import { JSON_TYPE, sendBody } from '../stomp-shape.ts';
import { Stored } from '../stored.ts';
import type { DialectSession, OpenSession } from './binding.ts';

/** Does what a SEND asks: a plug-in where it added the destination, else the dialect. */
export async function runCommand(
  session: OpenSession,
  dialect: DialectSession,
  frame: StompFrame,
): Promise<SendOutcome> {
  const { services, chat } = session;
  const destination = destinationOf(services, session.dialect, frame);
  const passing = services.plugins?.command(chat.facts, destination, () => jsonOrNull(frame.body));
  if (passing) await passing;
  const done = await (handleByPlugin(session, destination, frame) ?? dialect.execute(destination, frame));
  return done instanceof Stored ? done.receiptHeaders : undefined;
}

/** Undefined where no plug-in added the destination. */
function handleByPlugin(
  { services, dialect, stomp, chat, routes }: OpenSession,
  destination: string,
  frame: StompFrame,
): Promise<void> | undefined {
  const added = services.plugins?.destination(dialect, destination);
  if (!added) return undefined;
  return handleAdded(added, chat.facts, frame, (body) => {
    for (const subscription of routes.named(added.queue)) sendBody(stomp, subscription, body, JSON_TYPE);
  });
}

/** Where a SEND goes, as the dialect calls it. */
export function destinationOf(
  { destinations }: Pick<DialectServices, 'destinations'>,
  dialect: string,
  { headers }: StompFrame,
): string {
  const written = headers.get('destination') ?? '';
  return destinations?.taking(dialect, written) ?? written;
}
