/** The JavaScript function that a JSONP or htmlfile client wants called: a name, or why it is none. */
export type Callback = { readonly name: string } | { readonly problem: string };

/** Reads the `c` parameter; it goes into a script, so that only names may pass. */
export function readCallback(query: URLSearchParams): Callback {
  const name = query.get('c') ?? query.get('callback');
  if (!name) return { problem: '"callback" parameter required' };
  return /[^\w.-]/.test(name) ? { problem: 'invalid "callback" parameter' } : { name };
}

/** Quotes a frame for use inside a script element: a message must not be able to end the element. */
export function quoteForScript(frame: string): string {
  return JSON.stringify(frame).replaceAll('<', '\\u003c');
}
