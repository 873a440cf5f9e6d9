import type { Line, Verdict } from '../store/postgres/index.ts';

const LABELS: Readonly<Record<Verdict, string>> = { ok: 'ok', note: 'note', bad: 'BAD' };
/** Green, yellow and red of terminals. */
const COLOURS: Readonly<Record<Verdict, number>> = { ok: 32, note: 33, bad: 31 };
const LABEL_WIDTH = Math.max(...Object.values(LABELS).map((label) => label.length));

/** One line for each thing that was looked at, and below it what to do; coloured on a terminal unless `NO_COLOR` is set. */
export function renderLines(lines: readonly Line[], { isTTY }: { readonly isTTY?: boolean }): string {
  const isColoured = isTTY === true && !process.env.NO_COLOR;
  const width = Math.max(...lines.map(({ what }) => what.length));
  const margin = ' '.repeat(LABEL_WIDTH + width + 4);
  const render = ({ what, verdict, says, advice }: Line): string => {
    const label = LABELS[verdict].padEnd(LABEL_WIDTH);
    const shown = isColoured ? `\x1b[${COLOURS[verdict]}m${label}\x1b[0m` : label;
    const below = advice === undefined ? '' : `\n${margin}-> ${advice}`;
    return `${shown}  ${what.padEnd(width)}  ${says}${below}`;
  };
  return lines.map(render).join('\n');
}
