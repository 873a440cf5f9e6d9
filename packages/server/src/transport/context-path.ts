/** Paths that belong to other things of the server, whatever ends like a mount point below them. */
const OTHERS = /^\/api(\/|$)/;

/**
 * What may stand before a mount point, as servlet containers put the name of an application there.
 *
 * @param pattern of names between slashes; a `*` stands for any part of one, a name `**` for any number of names, also none
 */
export class ContextPath {
  readonly #split: RegExp;

  constructor(pattern: string, path: string) {
    const names = pattern.split('/').slice(1);
    const before = names.map((name) => (name === '**' ? '(?:/[^/]+)*?' : `/${namePattern(name)}`)).join('');
    this.#split = new RegExp(`^${before}(${RegExp.escape(path)}(?:/.*)?)$`);
  }

  /** The path from the mount point on; undefined where nothing fits. */
  without(path: string): string | undefined {
    return OTHERS.test(path) ? undefined : this.#split.exec(path)?.[1];
  }
}

function namePattern(name: string): string {
  return name === '*'
    ? '[^/]+'
    : name
        .split('*')
        .map((part) => RegExp.escape(part))
        .join('[^/]*');
}
