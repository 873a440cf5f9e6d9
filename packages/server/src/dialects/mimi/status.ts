import {
  MIMI_ERRORS,
  MIMI_SUCCESS,
  type MimiErrorCode,
  type MimiFailure,
  type MimiSuccess,
} from '@haina/wire';
import type { DomainError, ErrorCode } from '../../core/errors.ts';

/** What each of the core's refusals is to a `mimi` client. What may pass by itself is -300: a client can try again. */
const CODES: Readonly<Record<ErrorCode, MimiErrorCode>> = {
  EAUTH: MIMI_ERRORS.TOKEN,
  EPERM: MIMI_ERRORS.NO_PERMISSION,
  EINVAL: MIMI_ERRORS.BAD_DATA,
  ENOENT: MIMI_ERRORS.NOT_FOUND,
  ETOOLONG: MIMI_ERRORS.BAD_DATA,
  ERATE: MIMI_ERRORS.OTHER,
  ECONFLICT: MIMI_ERRORS.NOT_ALLOWED,
  EINTERNAL: MIMI_ERRORS.OTHER,
};

export function success(msgID: string): MimiSuccess {
  return { msgID, code: MIMI_SUCCESS, status: '成功', content: '(=ↀωↀ=)' };
}

/** What a refused frame said of itself. */
export interface Refused {
  readonly msgID: string | null;
  /** Absent where the frame has none. */
  readonly destination?: string | undefined;
}

/** The form has no field for the destination, so that the message names it. */
export function failure({ code: error, message }: DomainError, { msgID, destination }: Refused): MimiFailure {
  const text = destination === undefined ? message : `${destination}: ${message}`;
  return { msgID, code: CODES[error], status: '失败', content: { error, message: text } };
}
