/** Limits of the domain. Sizes in characters, durations in ms. */
export interface Limits {
  /** Longest text of a message, in characters (code points). */
  readonly maxTextLength: number;
  /** Largest content that is no text for people, and largest JSON beside a text, in bytes. */
  readonly maxExtraBytes: number;
  /** Sends a second a user, with a burst of twice that; 0 is off. */
  readonly sendRate: number;
  /** Sends a second of all guests of one address together, with a burst of twice that; 0 is off, as is 0 as `sendRate`. */
  readonly guestSendRate: number;
  /** How long a sender may recall a message, in ms. */
  readonly recallWindow: number;
  /** How long a sender may edit a message, in ms. */
  readonly editWindow: number;
  /** Largest conversation in which senders are told of each member's receipts, and members of each other's presence. */
  readonly maxReceiptMembers: number;
  /** Most people who are told of one user's coming and going. */
  readonly maxPresencePeers: number;
  /** Live sessions a user. */
  readonly maxSessionsPerUser: number;
  readonly maxGroupMembers: number;
  /** People in a room at a time. */
  readonly maxRoomMembers: number;
  /** Rooms that a session may be in at a time. */
  readonly maxRoomsPerSession: number;
  /** Whether joining a room that is not there makes it. */
  readonly roomCreate: boolean;
  /** How long a waiting customer may be away and still be given to an agent, in ms; 0 is for ever. */
  readonly deskCustomerTimeout: number;
  /** How long a customer who is away is kept in the queue without being given to anybody, in ms; 0 is for ever. */
  readonly deskAbsenceTimeout: number;
  /** How long nobody may write in a service session that has an agent before it is closed, in ms; 0 is for ever. */
  readonly deskIdleTimeout: number;
  /** How long after its end a customer may rate a service session, in ms; 0 is for ever. */
  readonly deskRatingWindow: number;
  /** How long an agent of the desk may be away before it loses its customers, in ms. */
  readonly deskAgentTimeout: number;
  /** How long a guest's message is kept, in ms; 0 is for ever. */
  readonly guestMessageRetention: number;
  /** Of new passwords, in characters. */
  readonly minPasswordLength: number;
  /** How long a notification is kept after it was due, in ms; 0 is for ever. */
  readonly notificationRetention: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxTextLength: 2000,
  maxExtraBytes: 32_768,
  sendRate: 10,
  guestSendRate: 20,
  recallWindow: 120_000,
  editWindow: 900_000,
  maxReceiptMembers: 200,
  maxPresencePeers: 10_000,
  maxSessionsPerUser: 16,
  maxGroupMembers: 100_000,
  maxRoomMembers: 10_000,
  maxRoomsPerSession: 16,
  roomCreate: false,
  deskCustomerTimeout: 60_000,
  deskAbsenceTimeout: 1_800_000,
  deskIdleTimeout: 86_400_000,
  deskRatingWindow: 604_800_000,
  deskAgentTimeout: 30_000,
  minPasswordLength: 8,
  notificationRetention: 7_776_000_000,
  guestMessageRetention: 2_592_000_000,
};

/** Longest id, type or other word of a business event, in characters. */
export const MAX_EVENT_WORD_LENGTH = 256;

/** Longest password, in characters. */
export const MAX_PASSWORD_LENGTH = 256;
/** Longest reason that a manager gives, in characters. */
export const MAX_ADMIN_REASON_LENGTH = 500;

/** Longest address of a webhook, in characters, and most types of events that one asks for. */
export const MAX_WEBHOOK_URL_LENGTH = 2048;
export const MAX_WANTED_EVENTS = 50;
/** Lengths of a webhook's secret, in characters. */
export const MIN_SECRET_LENGTH = 16;
export const MAX_SECRET_LENGTH = 256;
