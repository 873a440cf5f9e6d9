import type { Message, Timestamp } from '../model.ts';

/** Longest name of a skill, in characters. */
export const MAX_SKILL_LENGTH = 64;

export const SERVICE_STATES = ['queued', 'active', 'closed'] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

/** Who or what ended a service session. `absent`: its customer was gone for too long before an agent came. */
export const CLOSE_REASONS = ['customer', 'agent', 'manager', 'absent', 'idle', 'deleted'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** One matter that a customer brings to the desk, in a conversation of its own. */
export interface ServiceSession {
  readonly tenant: string;
  /** Unique in the tenant; also the id of its conversation. */
  readonly id: string;
  readonly customerId: string;
  /** Who serves it, or did when it was closed. */
  readonly agentId: string | null;
  /** What that agent is called now. */
  readonly agentName: string | null;
  readonly state: ServiceState;
  /** What an agent must be able to do to get it; empty where any agent will do. */
  readonly skill: string;
  /** Whether its customer is connected, through any protocol; false once it is closed. */
  readonly isCustomerConnected: boolean;
  /** Since when it waits without being given to anybody, as its customer is away; null where that is not so. */
  readonly absentSince: Timestamp | null;
  readonly openedAt: Timestamp;
  /** When its agent got it. */
  readonly assignedAt: Timestamp | null;
  /** When somebody other than the customer first wrote in it. */
  readonly answeredAt: Timestamp | null;
  readonly closedAt: Timestamp | null;
  /** Null also where the server closed it by itself. */
  readonly closedBy: string | null;
  /** Null while it is not closed. */
  readonly closeReason: CloseReason | null;
  readonly rating: ServiceRating | null;
}

/** What the customer thinks of it afterwards. */
export interface ServiceRating {
  /** 1 to 5. */
  readonly score: number;
  readonly comment: string;
  readonly at: Timestamp;
}

/** What agents tell each other about a service session; its customer never sees it. */
export interface ServiceNote {
  readonly tenant: string;
  /** Unique, given by the server. */
  readonly id: string;
  /** Unique for its author in the tenant; equal to `id` where the client gave none. */
  readonly clientId: string;
  readonly sessionId: string;
  readonly authorId: string;
  readonly content: string;
  readonly at: Timestamp;
}

export const AGENT_STATUSES = ['online', 'busy', 'away'] as const;
/** What an agent says of itself. Only `online` ones are given customers. */
export type AgentStatus = (typeof AGENT_STATUSES)[number];

export interface DeskAgent {
  readonly userId: string;
  readonly status: AgentStatus;
  /** Whether it is connected to the desk. */
  readonly isConnected: boolean;
  /** Whether it may only read, and so is given nobody. */
  readonly isSuspended: boolean;
  /** Most service sessions it is given at a time. */
  readonly capacity: number;
  readonly skills: readonly string[];
  /** Service sessions it has now. */
  readonly active: number;
}

/** The desk of a tenant at one moment. */
export interface DeskBoard {
  readonly tenant: string;
  /** By skill, the longest queue first. */
  readonly waiting: readonly WaitingCount[];
  /** All who wait, also those of skills left out above. */
  readonly waitingTotal: number;
  /** Those of them whose customers are absent. */
  readonly absentTotal: number;
  readonly agents: readonly DeskAgent[];
}

export interface WaitingCount {
  readonly skill: string;
  readonly count: number;
  /** Those of them whose customers are absent. */
  readonly absent: number;
  /** Since when the first of them waits. */
  readonly since: Timestamp;
}

/** A service session that changed hands. */
export interface Handover {
  readonly session: ServiceSession;
  /** Who had it before; null where it came out of the queue. */
  readonly formerAgentId: string | null;
  /** What was said before its new agent came: the newest messages that are not too much, in order of sequence. */
  readonly said: readonly Message[];
  readonly notes: readonly ServiceNote[];
}

/** Figures of the service sessions opened in a span of time. */
export interface ServiceFigures {
  readonly opened: number;
  readonly closed: number;
  /** Those of them that ended as their customers were absent. */
  readonly abandoned: number;
  /** Those that were answered, and the average time from opening to answer, in ms. */
  readonly answered: number;
  readonly firstAnswerTime: number | null;
  /** Average time from opening to close, in ms. */
  readonly length: number | null;
  readonly rated: number;
  /** Average score. */
  readonly rating: number | null;
}

export interface DeskStats {
  /** Now, whenever they were opened. */
  readonly waiting: number;
  /** Those who wait whose customers are absent. */
  readonly absent: number;
  readonly active: number;
  readonly total: ServiceFigures;
  readonly byAgent: readonly (ServiceFigures & { readonly agentId: string; readonly active: number })[];
  /** Only hours in which some were opened. */
  readonly byHour: readonly (ServiceFigures & { readonly hour: Timestamp })[];
}
