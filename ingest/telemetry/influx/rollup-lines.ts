import type { InfluxClient } from './influx-client.ts';
import { escapeTag } from './influxql.ts';
import type { Refusal } from './refusal.ts';
import type { CellSums } from './sums.ts';

/** Lines of rollups on their way to the server, some at a time. */
export interface RollupLines {
  add(series: { readonly deviceId: string; readonly component: string }, fields: string, ms: number): void;
  /** Whether enough waits to be sent. */
  readonly isFull: boolean;
  flush(): Promise<void>;
}

export interface RollupLinesDeps {
  readonly client: InfluxClient;
  /** Told when the server does not take rollup lines: they are not written again. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Small enough for the lines of devices to come between. */
const BODY_CHARACTERS = 500_000;

/** The average under the metric's own name, and what it is made of. */
export function fieldsOf(metric: string, { least, greatest, sum, samples }: CellSums): string {
  return `${metric}=${sum / samples},${metric}_min=${least},${metric}_max=${greatest},${metric}_sum=${sum},${metric}_samples=${samples}`;
}

export function createRollupLines({ client, onRefused }: RollupLinesDeps, measurement: string): RollupLines {
  let body = '';
  return {
    add({ deviceId, component }, fields, ms) {
      const part = component === '' ? '' : `,component=${escapeTag(component)}`;
      body += `${measurement}${part},device_id=${escapeTag(deviceId)} ${fields} ${ms}\n`;
    },
    get isFull() {
      return body.length > BODY_CHARACTERS;
    },
    async flush() {
      if (body === '') return;
      const lines = Buffer.from(body);
      body = '';
      const refusal = await client.write(lines);
      if (refusal !== null) onRefused(refusal);
    },
  };
}
