/** Where a request comes from, for whom others wait their turn. */
export interface Client {
  /** As the transport has it; empty for the server itself. */
  readonly address: string;
  /** Aborted once the client hung up. */
  readonly signal?: AbortSignal;
}

/** The server itself, where no client asks. */
export const NO_CLIENT: Client = { address: '' };

/** Who asks for a hash: turns go round the addresses, and round the users of each. */
export interface HashRequester extends Client {
  /** Who changes a password, or whose is tried. */
  readonly user: string;
}

/**
 * Turns passwords into what may be stored. Both methods wait their turn: ERATE where too many wait, or where the client
 * hung up before it came.
 */
export interface PasswordHasher {
  hash(password: string, requester: HashRequester): Promise<string>;
  /** Takes the same time whether the hash is there or not, so that nobody learns which usernames exist. */
  verify(password: string, hash: string | null, requester: HashRequester): Promise<boolean>;
}
