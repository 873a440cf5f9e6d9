export const REDACTED = '[redacted]';

/** Keys whose values are never logged, down to the third level of what is logged. */
const SECRET_KEYS = [
  'token',
  'password',
  'secret',
  's3SecretKey',
  'secretAccessKey',
  'authorization',
  'cookie',
  'srect',
  'userSig',
  'passwordHash',
];

/** Paths for pino's `redact`. */
export const REDACTED_PATHS: readonly string[] = SECRET_KEYS.flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
]);

/** Query parameters that carry a token, by every name a dialect gives it, and bearer tokens. */
const TOKENS_IN_TEXT = /([?&](?:token|access_token|srect|userSig|authorization)=|\bbearer )[^&#\s"'\\]+/gi;

/** The password in the URL of a database. */
const PASSWORDS_IN_TEXT = /(\bpostgres(?:ql)?:\/\/[^\s/:@"'\\]*:)[^\s"'\\]*@/gi;

/** A text without the tokens and passwords in the URLs and headers it quotes. */
export function redactText(text: string): string {
  return text.replace(TOKENS_IN_TEXT, `$1${REDACTED}`).replace(PASSWORDS_IN_TEXT, `$1${REDACTED}@`);
}
