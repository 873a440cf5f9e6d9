/** The dialect's name, for logs, metrics and the source of its messages. */
export const MIMI = 'mimi';
