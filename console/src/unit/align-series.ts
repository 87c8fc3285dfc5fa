/** One line of a chart: [epoch ms, value], oldest first. */
export type Points = readonly (readonly [number, number])[];

/** What uPlot draws: a value, null (a gap in the line) or undefined (nothing here, the line goes on). */
type Row = (number | null | undefined)[];

export interface Aligned {
  readonly timesMs: number[];
  readonly rows: Row[];
}

/**
 * Lines of different instants on one axis. Readings that come less often than others stay joined; silence of
 * more than `gapMs` breaks the line, so that nothing is drawn where nothing was measured.
 */
export function alignSeries(series: readonly Points[], gapMs: number): Aligned {
  const breaks = series.map((points) => breaksOf(points, gapMs));
  const times = new Set<number>();
  for (const points of series) for (const [ms] of points) times.add(ms);
  for (const instants of breaks) for (const ms of instants) times.add(ms);
  const timesMs = [...times].sort((one, other) => one - other);
  const rows = series.map((points, index): Row => {
    const values = new Map<number, number | null>(points);
    for (const ms of breaks[index] ?? []) if (!values.has(ms)) values.set(ms, null);
    return timesMs.map((ms) => values.get(ms));
  });
  return { timesMs, rows };
}

function breaksOf(points: Points, gapMs: number): number[] {
  return points.slice(1).flatMap(([ms], index) => {
    const before = points[index]?.[0] ?? ms;
    return ms - before > gapMs ? [Math.round((before + ms) / 2)] : [];
  });
}

/** Least, greatest and newest value; null without any. */
export function summarise(points: Points): { min: number; max: number; last: number } | null {
  const last = points.at(-1);
  if (last === undefined) return null;
  const values = points.map(([, value]) => value);
  return { min: Math.min(...values), max: Math.max(...values), last: last[1] };
}
