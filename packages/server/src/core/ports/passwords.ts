/** Turns passwords into what may be stored. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** Takes the same time whether the hash is there or not, so that nobody learns which usernames exist. */
  verify(password: string, hash: string | null): Promise<boolean>;
}
