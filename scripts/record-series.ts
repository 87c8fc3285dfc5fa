/**
 * Writes the recorded series that the shipped rules are tested on: for each rule one with its fault and one
 * with a confounder that must raise nothing. Seeded: the same files each time. Run: node --import tsx scripts/record-series.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { AC_SERIES } from './series/ac-series.ts';
import { PILE_SERIES } from './series/pile-series.ts';
import type { Frame, Series, Story } from './series/series.ts';

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function record(series: Series, story: Story, random: () => number): string {
  const lines = [['seconds', ...series.metrics].join(',')];
  const step = series.stepSeconds ?? 30;
  for (let seconds = 0; seconds <= (series.minutes ?? 50) * 60; seconds += step) {
    const told = story(seconds);
    if (told === null) continue;
    const frame: Frame = { ...series.healthy, ...told };
    const cells = series.metrics.map((metric) => {
      const value = frame[metric] ?? '';
      if (typeof value === 'string' || metric === 'online' || value === 0) return value;
      const noisy = value + (random() - 0.5) * (series.noise[metric] ?? 0.4);
      return Math.round(noisy * 100) / 100;
    });
    lines.push([seconds, ...cells].join(','));
  }
  return `${lines.join('\n')}\n`;
}

const folder = new URL('../rules/testdata/', import.meta.url);
mkdirSync(folder, { recursive: true });
[...AC_SERIES, ...PILE_SERIES].forEach((series, index) => {
  const random = createRandom(index + 1);
  writeFileSync(new URL(`${series.rule}.fault.csv`, folder), record(series, series.fault, random));
  writeFileSync(new URL(`${series.rule}.confounder.csv`, folder), record(series, series.confounder, random));
});
