const ID = /^[0-9a-z-]{1,64}$/;

/** The id, if it can be a name in a folder or bucket. Throws for any other: ids are the server's own. */
export function requireFileId(id: string): string {
  if (ID.test(id)) return id;
  throw new Error(`${JSON.stringify(id)} is no id of a file`);
}
