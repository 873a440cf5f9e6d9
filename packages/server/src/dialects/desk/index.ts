import type { AgentWatch } from '../../core/desk/agent-watch.ts';
import type { StompSession } from '../../stomp/session.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { DESK } from './catalog.ts';
import { DeskHandler } from './handler.ts';
import { AGENT_PATH, CUSTOMER_PATH } from './roles.ts';

/**
 * Customer service: customers at one endpoint, agents at the other.
 *
 * @param tenant whose users it is for, or `ANY_TENANT`
 * @param agentWatch told which agents are connected
 */
export function desk(services: DialectServices, tenant: string, agentWatch: AgentWatch): Dialect {
  return {
    name: DESK,
    summary: 'Customer service over STOMP: customers at /ws/chat, agents at /ws/agent',
    paths: [CUSTOMER_PATH, AGENT_PATH],
    openSession: (stomp: StompSession) => new DeskHandler(services, stomp, tenant, agentWatch),
  };
}
