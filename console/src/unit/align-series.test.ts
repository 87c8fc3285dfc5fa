import { expect, test } from 'vitest';
import { alignSeries, summarise } from './align-series.ts';

test('readings of different instants share one axis and stay joined', () => {
  const { timesMs, rows } = alignSeries(
    [
      [
        [0, 1],
        [10, 2],
        [20, 3],
      ],
      [
        [0, 7],
        [20, 8],
      ],
    ],
    60,
  );
  expect(timesMs).toEqual([0, 10, 20]);
  expect(rows).toEqual([
    [1, 2, 3],
    [7, undefined, 8],
  ]);
});

test('silence breaks the line of who was silent, and only theirs', () => {
  const { timesMs, rows } = alignSeries(
    [
      [
        [0, 1],
        [100, 2],
      ],
      [
        [0, 5],
        [40, 6],
        [80, 7],
        [100, 8],
      ],
    ],
    60,
  );
  expect(timesMs).toEqual([0, 40, 50, 80, 100]);
  expect(rows[0]).toEqual([1, undefined, null, undefined, 2]);
  expect(rows[1]).toEqual([5, 6, undefined, 7, 8]);
});

test('nothing measured draws nothing', () => {
  expect(alignSeries([], 60)).toEqual({ timesMs: [], rows: [] });
  expect(summarise([])).toBeNull();
  expect(
    summarise([
      [0, 3],
      [1, 1],
      [2, 2],
    ]),
  ).toEqual({ min: 1, max: 3, last: 2 });
});
