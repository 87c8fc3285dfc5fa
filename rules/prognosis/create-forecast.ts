import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import type { TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import type { Clock } from '#platform/clock.ts';
import { forecastTrend } from './forecast-trend.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface ForecastDeps {
  readonly clock: Clock;
  readonly query: (query: TelemetryQuery) => Promise<TelemetrySeries[]>;
}

/** Answers from the hourly averages of the question's window, as they are stored now. */
export function createForecast({
  clock,
  query,
}: ForecastDeps): (question: PrognosisQuestion) => Promise<Prognosis> {
  return async (question) => {
    const { deviceId, kind, component, metric, windowDays } = question;
    const nowMs = clock.nowMs();
    const series = await query({
      deviceId,
      kind,
      component,
      metrics: [metric],
      fromMs: nowMs - windowDays * DAY_MS,
      toMs: nowMs,
      everyMs: HOUR_MS,
      agg: 'avg',
    });
    const points = series.find((one) => one.metric === metric && one.component === component)?.points ?? [];
    return forecastTrend(points, question, nowMs);
  };
}
