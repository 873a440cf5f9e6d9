/**
 * A reason not to start that the operator can do something about. The command line prints its message as one line,
 * without a stack, and exits with 1.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}
