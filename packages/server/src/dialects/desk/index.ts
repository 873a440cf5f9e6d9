import type { AgentWatch } from '../../core/desk/agent-watch.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import type { StompBinding } from '../common/stomp/binding.ts';
import { StompDialectHandler } from '../common/stomp/handler.ts';
import { DESK } from './catalog.ts';
import { AGENT_PATH, CUSTOMER_PATH, requireEndpoint } from './roles.ts';
import { deskSession } from './session.ts';

/**
 * Customer service: customers at one endpoint, agents at the other.
 *
 * @param tenant whose users it is for, or `ANY_TENANT`
 * @param agentWatch told which agents are connected
 */
export function desk(services: DialectServices, tenant: string, agentWatch: AgentWatch): Dialect {
  const binding: StompBinding = {
    dialect: DESK,
    tenant,
    admit: (_principal, _frame, { connection }) => ({
      prepare: ({ role }) => requireEndpoint(connection.request.path, role),
      open: (session) => deskSession(session, agentWatch),
    }),
  };
  return {
    name: DESK,
    summary: 'Customer service over STOMP: customers at /ws/chat, agents at /ws/agent',
    paths: [CUSTOMER_PATH, AGENT_PATH],
    openSession: (stomp) => new StompDialectHandler(services, binding, stomp),
  };
}
