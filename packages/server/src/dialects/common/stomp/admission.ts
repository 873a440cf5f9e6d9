import type { StompFrame } from '@haina/wire';
import type { StompSession } from '../../../stomp/session.ts';
import type { ChatSessionOptions } from '../chat-session.ts';
import { authenticateAll, headerOf, headerTokens, requestTokens } from '../credentials.ts';
import { deviceOf } from '../device.ts';
import { OpeningSession } from '../opening-session.ts';
import type { DialectServices } from '../services.ts';
import type { Admission, StompBinding } from './binding.ts';

/** A client that may enter, by its tokens, its dialect and the plug-ins. */
export interface AdmittedClient {
  readonly opening: OpeningSession;
  readonly admission: Admission;
  /** By its tokens, whatever plug-ins call it. */
  readonly userName: string;
}

/** Turns the tokens of a CONNECT into a session that may enter; rejects where anybody refuses it. */
export async function admitClient(
  services: DialectServices,
  binding: StompBinding,
  stomp: StompSession,
  frame: StompFrame,
  ends: Pick<ChatSessionOptions, 'onEnd'>,
): Promise<AdmittedClient> {
  const { connection } = stomp;
  const { request } = connection;
  const tokens = [...requestTokens(request), ...headerTokens(frame.headers)];
  const authenticated = await authenticateAll(services.authenticator, tokens, binding.tenant);
  const { principal } = authenticated;
  const admission = binding.admit(principal, frame, stomp);
  const opening = await OpeningSession.begin({
    services,
    dialect: binding.dialect,
    connection,
    authenticated,
    device: deviceOf(request, (name) => headerOf(frame.headers, name)),
    prepare: (admitted) => admission.prepare?.(admitted),
    ...ends,
  });
  return { opening, admission, userName: principal.userId };
}
