import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CONNECTOR_STATUSES } from '#contracts/metrics.ts';
import type { ApiClient } from '../provision/api-client.ts';
import { openCsms } from '../testing/open-csms.ts';
import { parseReplayOptions } from './options.ts';
import { readRecording } from './recording.ts';
import { type ReplaySettings, replay } from './replay.ts';

const SMALL = fileURLToPath(new URL('testdata/small.jsonl', import.meta.url));

type Csms = Awaited<ReturnType<typeof openCsms>>;

const session = (transactionId: number, isUnknown: boolean) => ({
  deviceId: 'REC-1',
  component: isUnknown ? '' : 'connector-1',
  transactionId,
  startedAt: isUnknown ? null : '2026-11-20T08:01:00.000Z',
  stoppedAt: isUnknown ? '2026-11-20T08:06:00.000Z' : '2026-11-20T08:05:00.000Z',
  meterStartWh: isUnknown ? null : 10,
  meterStopWh: isUnknown ? 1 : 250,
  stopReason: 'Local',
  isUnknown,
});

/** A service that has kept all of the small recording, except what `lost` names. */
function keeperApi(lost: ReadonlySet<string> = new Set()): ApiClient {
  const series = (metric: string, points: (readonly [number, number])[]) => ({
    metric,
    component: 'connector-1',
    unit: '1',
    points: lost.has(metric) ? [] : points,
  });
  const at = Date.parse('2026-11-20T08:02:00.000Z');
  const place = (status: (typeof CONNECTOR_STATUSES)[number]) => CONNECTOR_STATUSES.indexOf(status);
  const answersAt = (arrivedMs: number): Readonly<Record<string, unknown>> => ({
    '/devices': { ocpp: { password: 'secret' } },
    '/ledger': { imbalance: lost.has('balance') ? 1 : 0 },
    '/telemetry': {
      series: [
        series('energy', [[at, 0.12]]),
        series('power', [[at, 7_200]]),
        series('status', [
          [Date.parse('2026-11-20T08:01:30.000Z'), place('suspended_ev')],
          [arrivedMs, place('available')],
        ]),
      ],
    },
    '/charging-sessions': {
      items: lost.has('sessions') ? [] : [session(1_001, false), session(99, true)],
      nextCursor: null,
    },
    '/devices/REC-1/connectors': { items: [{ component: 'connector-1', status: 'available' }] },
  });
  return {
    async request(_method, path) {
      const { pathname, searchParams } = new URL(path, 'http://localhost');
      const untilMs = Number(searchParams.get('to') ?? 0);
      return { status: 200, body: answersAt(untilMs - 1)[pathname] ?? null };
    },
  };
}

function play(csms: Csms, settings: Partial<ReplaySettings> & { readonly api?: ApiClient } = {}) {
  const { api = keeperApi(), ...rest } = settings;
  return replay(
    { now: Date.now, api, say: () => undefined },
    { stations: readRecording(SMALL), ocppUrl: csms.url, model: 'dc-pile-generic', settleMs: 0, ...rest },
  );
}

test('a recording is played in order under our transaction ids; what it never started keeps its number', async () => {
  await using csms = await openCsms(new Map([['REC-1', 'secret']]));

  const report = await play(csms);

  expect(csms.calls.map(({ action }) => action)).toEqual([
    'BootNotification',
    'StatusNotification',
    'StartTransaction',
    'StatusNotification',
    'MeterValues',
    'StopTransaction',
    'StopTransaction',
  ]);
  expect(csms.calls.flatMap(({ payload }) => payload.transactionId ?? [])).toEqual([1_001, 1_001, 99]);
  expect(report).toEqual({
    stations: 1,
    skipped: 1,
    calls: 7,
    answered: 0,
    violations: [],
    points: { sent: 2, found: 2 },
    statuses: { sent: 2, found: 2 },
    sessions: { sent: 2, found: 2 },
    connectors: { sent: 1, found: 1 },
    imbalance: 0,
    isComplete: true,
  });
});

test.each([
  ['power', { points: { sent: 2, found: 1 } }],
  ['status', { statuses: { sent: 2, found: 0 } }],
  ['sessions', { sessions: { sent: 2, found: 0 } }],
  ['balance', { imbalance: 1 }],
])('what is lost is seen: %s', async (what, expected) => {
  await using csms = await openCsms();

  expect(await play(csms, { api: keeperApi(new Set([what])) })).toMatchObject({
    ...expected,
    isComplete: false,
  });
});

test('a refusal that the recording does not have is a violation of ours', async () => {
  await using csms = await openCsms();
  csms.answer({ MeterValues: () => Promise.reject(new Error('no room')) });

  const report = await play(csms);

  expect(report.violations).toEqual([
    expect.stringContaining('REC-1: MeterValues was answered with GenericError'),
  ]);
  expect(report).toMatchObject({ points: { sent: 0 }, isComplete: false });
});

test('our calls are answered as the station once did, and else as stations do', async () => {
  await using csms = await openCsms();
  const answers: unknown[] = [];
  csms.answer({
    BootNotification: () => {
      const station = csms.station('REC-1');
      for (const [action, payload] of [
        ['UnlockConnector', { connectorId: 1 }],
        ['Reset', { type: 'Soft' }],
      ] as const) {
        void station.call(action, payload).then((result) => answers.push(result));
      }
      return { status: 'Accepted', currentTime: new Date().toISOString(), interval: 30 };
    },
    StopTransaction: async () => {
      await expect.poll(() => answers.length).toBe(2);
      return {};
    },
  });

  expect(await play(csms)).toMatchObject({ answered: 2, isComplete: true });
  expect(answers).toEqual([{ status: 'UnlockFailed' }, { status: 'Accepted' }]);
});

test.each([
  [[], 'name one recording'],
  [['a.jsonl'], 'give --token, or --user and --password'],
  [['a.jsonl', '--token', 't', '--ocpp-url', 'localhost'], '--ocpp-url localhost is no address'],
  [['a.jsonl', '--nonsense'], 'see --help'],
])('%j is refused: %s', (args, sentence) => {
  expect(() => parseReplayOptions(args)).toThrow(sentence);
});

test('a file that is no recording is named with its line', () => {
  expect(() => readRecording(fileURLToPath(import.meta.url))).toThrow('line 1 is no recorded event');
  expect(() => readRecording('/nowhere.jsonl')).toThrow('cannot read /nowhere.jsonl');
});
