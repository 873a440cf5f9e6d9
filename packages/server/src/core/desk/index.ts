import { Customers, type CustomersDeps } from './customers.ts';
import { Dispatch, type DispatchDeps } from './dispatch.ts';
import { DeskReports, type DeskReportsDeps } from './reports.ts';
import { ServiceSessions, type ServiceSessionsDeps } from './service-sessions.ts';

export type DeskDeps = DispatchDeps & Omit<ServiceSessionsDeps & CustomersDeps, 'dispatch'> & DeskReportsDeps;

/** The service desk of every tenant: customers bring a matter, agents take it up. */
export interface Desk {
  readonly sessions: ServiceSessions;
  readonly dispatch: Dispatch;
  readonly reports: DeskReports;
  readonly customers: Customers;
}

export function createDesk(deps: DeskDeps): Desk {
  const dispatch = new Dispatch(deps);
  return {
    sessions: new ServiceSessions({ ...deps, dispatch }),
    dispatch,
    customers: new Customers({ ...deps, dispatch }),
    reports: new DeskReports(deps),
  };
}
