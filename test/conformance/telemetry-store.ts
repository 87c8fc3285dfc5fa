import { describe, expect, test } from 'vitest';
import { METRICS } from '#contracts/metrics.ts';
import type { Aggregate, TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import type { TelemetryStore } from '#ingest/telemetry/telemetry-store.ts';
import { createManualClock, type ManualClock } from '#platform/clock.ts';
import { batchOf } from '#test/support/telemetry-points.ts';

/** A store that nothing was written to, which keeps raw points for 30 days of this clock. */
export interface OpenedTelemetryStore extends AsyncDisposable {
  readonly store: TelemetryStore;
  /** The same data as another process would find it. */
  openAgain(): Promise<TelemetryStore>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 21, 10);

/** Every character that an id may have. */
const ODD_IDS = ['a*b_c=d:e|f@g.h-i', '=', '|', '@.', '*', ':', "0=1 or'1".replace(/[ ']/g, '='), 'Ab-9'];

function question(given: Partial<TelemetryQuery>): TelemetryQuery {
  return {
    deviceId: 'unit-1',
    kind: 'ac_unit',
    metrics: ['power'],
    fromMs: START,
    toMs: START + DAY,
    everyMs: null,
    agg: 'avg',
    ...given,
  };
}

const inOrder = (series: readonly TelemetrySeries[]) =>
  [...series].sort((one, other) =>
    `${one.metric} ${one.component}` < `${other.metric} ${other.component}` ? -1 : 1,
  );

/** What every telemetry store must do. */
export function describeTelemetryStore(
  name: string,
  open: (clock: ManualClock) => Promise<OpenedTelemetryStore>,
): void {
  async function openAt(nowMs = START) {
    const clock = createManualClock(nowMs);
    const opened = await open(clock);
    const points = async (given: Partial<TelemetryQuery> = {}) =>
      (await opened.store.query(question(given)))[0]?.points ?? [];
    return { clock, points, ...opened, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  }

  describe(name, () => {
    test('points come back as written, by metric and component', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([
          { at: START, values: { supply_temp: 13.25, power: 900 } },
          { at: START + 5_000, values: { supply_temp: -0.125 } },
          { at: START, component: 'idu-1', values: { supply_temp: 20 } },
        ]),
      ]);
      const series = await at.store.query(question({ metrics: ['supply_temp', 'power'] }));
      expect(inOrder(series)).toEqual([
        { metric: 'power', component: '', unit: 'W', points: [[START, 900]] },
        {
          metric: 'supply_temp',
          component: '',
          unit: 'Cel',
          points: [
            [START, 13.25],
            [START + 5_000, -0.125],
          ],
        },
        { metric: 'supply_temp', component: 'idu-1', unit: 'Cel', points: [[START, 20]] },
      ]);
    });

    test('a question can ask for one component, or for the device itself', async () => {
      await using at = await openAt();
      const both = ['', 'idu-1'].map((component, index) => ({
        component,
        at: START,
        values: { power: index },
      }));
      await at.store.write([batchOf(both)]);
      expect(await at.points({ component: '' })).toEqual([[START, 0]]);
      expect(await at.points({ component: 'idu-1' })).toEqual([[START, 1]]);
      expect(await at.points({ component: 'idu-2' })).toEqual([]);
    });

    test('a span begins with its first instant and ends before its last', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([0, 1, 2].map((n) => ({ at: START + n * MINUTE, values: { power: n } }))),
      ]);
      expect(await at.points({ fromMs: START, toMs: START + 2 * MINUTE })).toEqual([
        [START, 0],
        [START + MINUTE, 1],
      ]);
    });

    test('writing again changes nothing', async () => {
      await using at = await openAt();
      const batch = batchOf([{ at: START, values: { power: 1, mode: 2 } }]);
      await at.store.write([batch]);
      await at.store.write([batch, batch]);
      expect(await at.points()).toEqual([[START, 1]]);
      expect(await at.points({ metrics: ['mode'] })).toEqual([[START, 2]]);
    });

    test('equal keys in one write merge value by value, the later winning', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([
          { at: START + 5, values: { supply_temp: 1, power: 10 } },
          { at: START, values: { supply_temp: 1, power: 10 } },
          { at: START, values: { supply_temp: 2, power: 20 } },
        ]),
        batchOf([{ at: START, values: { power: 30 } }]),
      ]);
      expect(await at.points({ metrics: ['supply_temp'] })).toEqual([
        [START, 2],
        [START + 5, 1],
      ]);
      expect(await at.points()).toEqual([
        [START, 30],
        [START + 5, 10],
      ]);
    });

    test('a later write of a key changes its own values only', async () => {
      await using at = await openAt();
      await at.store.write([batchOf([{ at: START, values: { supply_temp: 1, power: 10 } }])]);
      await at.store.write([batchOf([{ at: START, values: { power: 20 } }])]);
      expect(await at.points()).toEqual([[START, 20]]);
      expect(await at.points({ metrics: ['supply_temp'] })).toEqual([[START, 1]]);
    });

    test('every double comes back as the same double', async () => {
      await using at = await openAt();
      const doubles = [0, -1, 0.1, 1 / 3, -273.15, 1e9, 123_456_789.012_345, 5e-324, 1.5e300, 2 ** 53, -1e-7];
      await at.store.write([
        batchOf(doubles.map((power, n) => ({ at: START + n * 1_000, values: { power } }))),
      ]);
      expect((await at.points()).map(([, value]) => value)).toEqual(doubles);
    });

    test('air conditioners and charging piles are kept apart, booleans and enums as their codes', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([{ at: START, values: { power: 1, power_on: 1, mode: 2 } }]),
        batchOf(
          [{ component: 'connector-1', at: START, values: { power: 7_000, status: 8 } }],
          'charging_pile',
        ),
      ]);
      const metrics = ['power', 'power_on', 'mode'];
      const units = await at.store.query(question({ metrics }));
      expect(units.map(({ metric, points }) => [metric, points[0]?.[1]])).toEqual([
        ['power', 1],
        ['power_on', 1],
        ['mode', 2],
      ]);
      const kind = 'charging_pile';
      const piles = await at.store.query(question({ kind, metrics: ['status', 'power'] }));
      expect(piles).toEqual([
        { metric: 'status', component: 'connector-1', unit: '1', points: [[START, 8]] },
        { metric: 'power', component: 'connector-1', unit: 'W', points: [[START, 7_000]] },
      ]);
    });

    test('ids of every allowed character are kept apart and find their own points only', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf(ODD_IDS.map((device, power) => ({ device, at: START, values: { power } }))),
      ]);
      for (const [power, deviceId] of ODD_IDS.entries())
        expect(await at.points({ deviceId })).toEqual([[START, power]]);
      const latest = await at.store.latest('ac_unit', ODD_IDS);
      expect(latest.map(({ deviceId, values }) => [deviceId, values.power])).toEqual(
        ODD_IDS.map((id, power) => [id, power]),
      );
    });

    test('a device id is never read as part of a statement', async () => {
      await using at = await openAt();
      await at.store.write([batchOf([{ at: START, values: { power: 1 } }])]);
      for (const deviceId of ["x' or ''='", "x\\' or 1=1 --", 'x"', "unit-1' or time > 0 --", 'x\n\\'])
        expect(await at.points({ deviceId })).toEqual([]);
      expect(await at.points({ component: '\' or "component" = \'' })).toEqual([]);
      expect(await at.store.latest('ac_unit', ["x' or ''='"])).toEqual([]);
      expect(await at.points()).toEqual([[START, 1]]);
    });

    test('nothing stored is an empty answer', async () => {
      await using at = await openAt();
      expect(await at.store.query(question({}))).toEqual([]);
      expect(await at.store.query(question({ metrics: [] }))).toEqual([]);
      expect(await at.store.latest('charging_pile', ['nobody'])).toEqual([]);
      expect(await at.store.latest('ac_unit', [])).toEqual([]);
      await at.store.write([]);
      await at.store.rollUp(START);
      await at.store.sweep();
    });

    test('each aggregate makes one value of each span, which begins at a multiple of its length', async () => {
      await using at = await openAt();
      const values = [4, 1, 7, 3, 9, 2];
      await at.store.write([
        batchOf(values.map((power, n) => ({ at: START + n * 20 * SECOND, values: { power } }))),
      ]);
      const minutes = (agg: Aggregate) => at.points({ everyMs: MINUTE, agg, toMs: START + HOUR });
      expect(await minutes('avg')).toEqual([
        [START, 4],
        [START + MINUTE, 14 / 3],
      ]);
      expect((await minutes('min')).map(([, value]) => value)).toEqual([1, 2]);
      expect((await minutes('max')).map(([, value]) => value)).toEqual([7, 9]);
      expect((await minutes('last')).map(([, value]) => value)).toEqual([7, 2]);
      expect(await at.points({ everyMs: 7 * MINUTE, agg: 'max', toMs: START + HOUR })).toEqual([
        [Math.floor(START / (7 * MINUTE)) * 7 * MINUTE, 9],
      ]);
    });

    test('long spans read rollups once raw points are gone, and minutes weigh by their points', async () => {
      await using at = await openAt();
      const first = Array.from({ length: 6 }, (_, n) => ({
        at: START + n * 10 * SECOND,
        values: { power: 10 },
      }));
      const second = { at: START + MINUTE, values: { power: 80 } };
      await at.store.write([batchOf([...first, second])]);
      at.clock.set(START + 2 * HOUR);
      await at.store.rollUp(at.clock.nowMs());
      at.clock.set(START + 40 * DAY);
      await at.store.sweep();
      expect(await at.points()).toEqual([]);
      const rolled = (everyMs: number, agg: Aggregate) => at.points({ everyMs, agg });
      expect(await rolled(MINUTE, 'avg')).toEqual([
        [START, 10],
        [START + MINUTE, 80],
      ]);
      expect(await rolled(HOUR, 'avg')).toEqual([[START, 20]]);
      expect(await rolled(5 * MINUTE, 'avg')).toEqual([[START, 20]]);
      expect(await rolled(HOUR, 'min')).toEqual([[START, 10]]);
      expect(await rolled(HOUR, 'max')).toEqual([[START, 80]]);
    });

    test('rollups stop at what the writer still holds, and raw points answer from there on', async () => {
      await using at = await openAt();
      await at.store.write([batchOf([{ at: START + 30_000, values: { power: 1 } }])]);
      at.clock.set(START + HOUR);
      await at.store.rollUp(START + 20_000);
      await at.store.write([batchOf([{ at: START + 40_000, values: { power: 3 } }])]);
      expect(await at.points({ everyMs: MINUTE })).toEqual([[START, 2]]);
      await at.store.rollUp(at.clock.nowMs());
      expect(await at.points({ everyMs: MINUTE })).toEqual([[START, 2]]);
    });

    test('what was written while the store ran is rolled up whole: again, in any order, by hour as by minute', async () => {
      await using at = await openAt();
      const begin = START + HOUR;
      const minute = (n: number, values: readonly number[]) =>
        values.map((power, second) => ({ at: begin + n * MINUTE + second * SECOND, values: { power } }));
      for (let n = 0; n < 60; n++) {
        at.clock.set(begin + n * MINUTE);
        await at.store.write([batchOf(minute(n, [n, n + 2]))]);
        await at.store.rollUp(at.clock.nowMs());
        if (n === 10) await at.store.write([batchOf(minute(10, [70]))]);
        if (n === 20) await at.store.write([batchOf(minute(20, [8, 8, 8]).reverse())]);
        if (n === 30) await at.store.write([batchOf(minute(20, [500]))]);
      }
      at.clock.set(begin + HOUR + MINUTE);
      await Promise.all([at.store.rollUp(at.clock.nowMs()), at.store.rollUp(at.clock.nowMs())]);
      at.clock.set(START + 40 * DAY);
      await at.store.sweep();
      const rolled = (everyMs: number, agg: Aggregate) => at.points({ everyMs, agg });
      const minutes = await rolled(MINUTE, 'avg');
      const odd = new Map([
        [10, 41],
        [20, 172],
      ]);
      expect(minutes.map(([, value]) => value)).toEqual(
        Array.from({ length: 60 }, (_, n) => odd.get(n) ?? n + 1),
      );
      const sum = Array.from({ length: 60 }, (_, n) => 2 * n + 2).reduce((one, other) => one + other);
      const [[, average] = [0, 0]] = await rolled(HOUR, 'avg');
      expect(average).toBeCloseTo((sum - 22 + 82 - 42 + 516) / 121, 9);
      expect(await rolled(HOUR, 'min')).toEqual([[begin, 0]]);
      expect(await rolled(HOUR, 'max')).toEqual([[begin, 500]]);
    });

    test('points that came before a restart and after it are in one rollup', async () => {
      await using at = await openAt();
      await at.store.write([batchOf([{ at: START + SECOND, values: { power: 1 } }])]);
      at.clock.set(START + 30 * SECOND);
      await using again = await at.openAgain();
      await again.write([
        batchOf([
          { at: START + 40 * SECOND, values: { power: 3 } },
          { at: START + 3 * MINUTE, values: { power: 7 } },
        ]),
      ]);
      at.clock.set(START + HOUR + MINUTE);
      await again.rollUp(at.clock.nowMs());
      at.clock.set(START + 40 * DAY);
      await again.sweep();
      const rolled = async (everyMs: number) => (await again.query(question({ everyMs })))[0]?.points;
      expect(await rolled(MINUTE)).toEqual([
        [START, 2],
        [START + 3 * MINUTE, 7],
      ]);
      expect(await rolled(HOUR)).toEqual([[START, 11 / 3]]);
    });

    test('late points behind the rollups are rolled up again, a restart between or not', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([
          { at: START, values: { power: 100 } },
          { device: 'unit-2', component: 'idu-1', at: START, values: { power: 7 } },
        ]),
      ]);
      at.clock.set(START + 2 * HOUR);
      await at.store.rollUp(at.clock.nowMs());
      await at.store.write([batchOf([{ at: START + SECOND, values: { power: 300 } }])]);
      await using again = await at.openAgain();
      await again.write([batchOf([{ at: START - DAY, values: { power: 5 } }])]);
      await again.rollUp(at.clock.nowMs());
      at.clock.set(START + 40 * DAY);
      await again.sweep();
      const hours = async (deviceId: string) =>
        (await again.query(question({ deviceId, fromMs: START - DAY, everyMs: HOUR })))[0]?.points;
      expect(await hours('unit-1')).toEqual([
        [START - DAY, 5],
        [START, 200],
      ]);
      expect(await hours('unit-2')).toEqual([[START, 7]]);
    });

    test('retention drops raw points of whole days and no other, and a late point is taken again', async () => {
      await using at = await openAt();
      const old = START - 40 * DAY;
      const oldest = START - 29 * DAY;
      await at.store.write([
        batchOf([old, oldest, START].map((ms, power) => ({ at: ms, values: { power } }))),
      ]);
      await at.store.sweep();
      expect((await at.points({ fromMs: old })).map(([ms]) => ms)).toEqual([oldest, START]);
      await at.store.write([batchOf([{ at: old, values: { power: 3 } }])]);
      expect((await at.points({ fromMs: old }))[0]).toEqual([old, 3]);
    });

    test('the latest values of many devices and components come in one question, each from the newest point that has it', async () => {
      await using at = await openAt();
      await at.store.write([
        batchOf([
          { at: START - 9_000, values: { power: 1, humidity: 40 } },
          { at: START - 5_000, values: { power: 2, mode: 2 } },
          { at: START - 6_000, component: 'idu-1', values: { power: 4 } },
          { device: 'unit-2', at: START - 7_000, values: { power: 3 } },
          { device: 'unit-3', at: START - 2 * DAY, values: { power: 3 } },
        ]),
      ]);
      const latest = await at.store.latest('ac_unit', ['unit-1', 'unit-2', 'unit-3', 'unit-4']);
      expect(latest).toEqual([
        {
          deviceId: 'unit-1',
          component: '',
          observedAtMs: START - 5_000,
          values: { power: 2, mode: 2, humidity: 40 },
        },
        { deviceId: 'unit-1', component: 'idu-1', observedAtMs: START - 6_000, values: { power: 4 } },
        { deviceId: 'unit-2', component: '', observedAtMs: START - 7_000, values: { power: 3 } },
      ]);
    });

    test('10,000 points of every metric, in one write, are all found', async () => {
      await using at = await openAt();
      const values = Object.fromEntries(METRICS.ac_unit.map(({ name: metric }, n) => [metric, n + 0.5]));
      const points = Array.from({ length: 10_000 }, (_, n) => ({
        device: `unit-${n % 10}`,
        at: START + Math.floor(n / 10) * 1_000,
        values,
      }));
      await at.store.write([batchOf(points.slice(0, 4_000)), batchOf(points.slice(4_000))]);
      const metrics = METRICS.ac_unit.map((metric) => metric.name);
      for (let device = 0; device < 10; device++) {
        const series = await at.store.query(question({ deviceId: `unit-${device}`, metrics }));
        expect(series.map(({ points: found }) => found.length)).toEqual(metrics.map(() => 1_000));
      }
    });
  });
}
