/** Lets users of all applications in at the endpoints that are bound to one, so that a test can have one of its own. */
export const EVERY_APP = { imApp: '*', mimiApp: '*', deskApp: '*' } as const;
