import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The process's own figures, in a registry of its own. Names are `aftercare_<noun>_<unit>_total` for counters
 * and `aftercare_<noun>_<unit>` otherwise; no label takes unbounded values.
 */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `collect` is asked at each scrape, for figures that are read rather than counted. */
  gauge<L extends string = never>(name: string, help: string, options?: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string = never>(name: string, help: string, options: HistogramOptions<L>): Histogram<L>;
}

interface GaugeOptions<L extends string> {
  readonly labels?: readonly L[];
  readonly collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

interface HistogramOptions<L extends string> {
  readonly labels?: readonly L[];
  readonly buckets: readonly number[];
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, { labels = [], collect } = {}) =>
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(collect && {
          collect() {
            return collect(this);
          },
        }),
      }),
    histogram: (name, help, { labels = [], buckets }) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
  };
}
