/** What an operation took, ms. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  /** The p99 of a light client's messages meanwhile; undefined where there could be none. */
  readonly light: number | undefined;
}

/** The remark on what was not measured. */
export const FAILED = 'failed';

/** What the light client's messages may take at most, ms. */
export const LIGHT_GOAL = 30;
/** How much slower than in the small database is still flat; what takes little anyhow is, too. */
const FLAT = { times: 3, ms: 5 };

const TITLES = ['', 'small p50 ms', 'p99', 'light p99', 'large p50 ms', 'p99', 'light p99', ''];

/** A row an operation, the small database's figures beside those of the large one. */
export function growthRows(
  names: readonly string[],
  small: ReadonlyMap<string, Figures>,
  large: ReadonlyMap<string, Figures>,
): string[][] {
  return [
    TITLES,
    ...names.map((name) => {
      const [one, other] = [small.get(name), large.get(name)];
      return [name, ...cells(one), ...cells(other), remarkOn(one, other)];
    }),
  ];
}

/** What stands out; empty where the large database is as quick as the small one and nobody else notices. */
export function remarkOn(small: Figures | undefined, large: Figures | undefined): string {
  if (!small || !large) return FAILED;
  const grows = large.p50 > FLAT.ms && large.p50 > small.p50 * FLAT.times;
  const holdsUp = (large.light ?? 0) > LIGHT_GOAL;
  return [...(grows ? ['grows'] : []), ...(holdsUp ? ['holds others up'] : [])].join(', ');
}

function cells(figures: Figures | undefined): string[] {
  if (!figures) return ['', '', ''];
  return [figures.p50, figures.p99, figures.light].map((ms) => ms?.toFixed(1) ?? '');
}
