import { DomainError } from '../errors.ts';
import type { Timestamp } from '../model.ts';

/** What a notification is to somebody who says that it read it. */
export interface ReadFacts {
  /** Whether it was there and due. */
  readonly isPublished: boolean;
  /** Whether it is for the whole tenant, or for this user by name. */
  readonly isAddressed: boolean;
  readonly isUser: boolean;
  readonly readAt: Timestamp | null;
}

/** Whether it is read for the first time. Throws ENOENT where it is not, or not yet, a notification of this user. */
export function decideRead(id: string, { isPublished, isAddressed, isUser, readAt }: ReadFacts): boolean {
  if (isPublished && isAddressed && isUser) return readAt === null;
  throw new DomainError('ENOENT', `no notification ${id}`, { field: 'id' });
}
