/** What `mimi` clients and the server say to each other, as JSON in STOMP bodies. The spelling is the document's. */

/** SEND to `/socket/chat/send`. */
export interface MimiSend {
  /** Unique for the sender. */
  msgID: string;
  /** The receiver's uid. */
  reciverId: number;
  /** The text; where absent, `message` is. */
  content?: string;
  message?: string;
}

/** SEND to `/socket/chat/recive`. */
export interface MimiRecive {
  /** The `chatID` of the message that arrived. */
  msgID: string;
}

/** MESSAGE at `/user/{uname}/recive` and `/user/{uid}/recive`. */
export interface MimiMessage {
  /** Unique in the application. */
  id: number;
  /** The sender's `msgID`. */
  chatID: string;
  /** The sender's username. */
  sender: string;
  /** The receiver's username; a group's name. */
  reciver: string;
  /** Empty once the message was recalled. */
  content: string;
  /** Milliseconds since the epoch. */
  time: number;
  senderId: number;
  /** 0 for a group. */
  reciverId: number;
}

/** MESSAGE at `/user/{uname}/notice` and `/user/{uid}/notice`. */
export interface MimiNotice {
  /** The application's word for it: the notification's `category`, else its type. */
  ntcType: string;
  /** What the application says in `data`, and beside it what every notification has. */
  ntcBody: MimiNoticeBody;
}

export interface MimiNoticeBody {
  id: string;
  title: string;
  content: string;
  /** When it was due, in milliseconds since the epoch. */
  tmCreated: number;
  [field: string]: unknown;
}

/** SEND to `/socket/ntc/rcv`. */
export interface MimiNoticeReceived {
  ntcType?: string;
  /** `ntcBody.id` of the notice that arrived. */
  id: string;
}

export const MIMI_SUCCESS = 200;

/** Each refusal of a `mimi` server. A closed set. */
export const MIMI_ERRORS = {
  TOKEN: -200,
  OTHER: -300,
  NO_PERMISSION: -303,
  NOT_ALLOWED: -400,
  BAD_DATA: -401,
  NOT_FOUND: -404,
} as const;
export type MimiErrorCode = (typeof MIMI_ERRORS)[keyof typeof MIMI_ERRORS];

/** MESSAGE at `/user/queue/send/status` and `/user/queue/recive/status`. */
export interface MimiSuccess {
  msgID: string;
  code: typeof MIMI_SUCCESS;
  status: '成功';
  content: '(=ↀωↀ=)';
}

/** MESSAGE at `/user/queue/status`, and the body of an ERROR frame. */
export interface MimiFailure {
  /** Of the frame that was refused; null where it named none. */
  msgID: string | null;
  code: MimiErrorCode;
  status: '失败';
  content: MimiFailureReason;
}

export interface MimiFailureReason {
  /** One of the server's codes, the same for all protocols. */
  error: string;
  /** The destination of the frame that was refused, and what was wrong with it, for people. */
  message: string;
}
