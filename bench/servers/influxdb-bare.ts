import { Agent, request } from 'node:http';
import { AftercareError } from '#platform/errors.ts';
import { deviceIds } from '../support/api.ts';
import { answer } from '../support/children.ts';
import { treeCpuUs } from '../support/cpu.ts';
import { INFLUX_BUCKET, type InfluxProcess, startInflux } from '../support/influx-process.ts';
import { type ContenderResult, type ContenderSettings, startCpuClock } from './contender.ts';

/** What the bare poster tells besides: it is its own load. */
export interface BareResult extends ContenderResult {
  readonly sent: number;
  readonly elapsedMs: number;
}

const LINES = 5_000;
const VALUES =
  'supply_temp=13.201,return_temp=24.801,compressor_hz=45.201,discharge_temp=72.401,discharge_pressure=2510.01,compressor_current=6.401';
const ZERO = 48;
const TS_DIGITS = 13;

/** One body, encoded once: times and two decimals of each value are patched before it is sent again. */
function createBody(devices: readonly string[]) {
  const lines = Array.from(
    { length: LINES },
    (_, n) => `ac_unit,device_id=${devices[n % devices.length]} ${VALUES} 1790000000000\n`,
  );
  const bytes = Buffer.from(lines.join(''));
  const lineBytes = bytes.length / LINES;
  const tsAt = lineBytes - 1 - TS_DIGITS;
  const valuesAt = lines[0]?.indexOf(VALUES) ?? 0;
  const digitsAt = [...VALUES.matchAll(/01(?=,|$)/g)].map(({ index }) => valuesAt + index);
  let turn = 0;
  return {
    bytes,
    renew(firstMs: number) {
      for (let line = 0; line < LINES; line++) {
        const start = line * lineBytes;
        let rest = firstMs + Math.floor(line / devices.length);
        for (let digit = TS_DIGITS - 1; digit >= 0; digit--) {
          const tens = Math.floor(rest / 10);
          bytes[start + tsAt + digit] = ZERO + rest - tens * 10;
          rest = tens;
        }
        for (const at of digitsAt) {
          turn = (turn * 1_103 + 12_345) & 0x7fff;
          bytes[start + at] = ZERO + (turn % 10);
          bytes[start + at + 1] = ZERO + ((turn >> 5) % 10);
        }
      }
      return firstMs + Math.ceil(LINES / devices.length);
    },
  };
}

function post(agent: Agent, { url, body }: { url: string; body: Buffer }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': body.length };
    const asked = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 204) resolve();
        else reject(new AftercareError('BENCH_INFLUX_REFUSED', `InfluxDB answers ${response.statusCode}`));
      });
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

/** The yardstick of `influxdb`: the same lines, encoded beforehand, sent one request after the other. */
export function runInfluxdbBare(): void {
  let influx: InfluxProcess | undefined;
  let body: ReturnType<typeof createBody> | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;
  let sent = 0;
  let startedAt = 0;
  let cpu = startCpuClock();
  let serverCpuUs = 0;

  async function run(url: string, lines: ReturnType<typeof createBody>): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    for (let ms = Date.now(); !isStopped; ) {
      ms = lines.renew(ms);
      await post(agent, { url, body: lines.bytes });
      sent += LINES;
    }
    agent.destroy();
  }

  answer(
    {
      async open({ folder, devices }: ContenderSettings) {
        influx = await startInflux(folder);
        await influx.query(`create database "${INFLUX_BUCKET}"`);
        body = createBody(deviceIds(devices));
      },
      async begin() {
        if (influx === undefined || body === undefined)
          throw new AftercareError('BENCH_NOT_OPEN', 'InfluxDB was not opened');
        cpu = startCpuClock();
        serverCpuUs = await treeCpuUs(influx.pid());
        startedAt = performance.now();
        running = run(`${influx.url}/write?db=${INFLUX_BUCKET}&precision=ms`, body);
        running.catch(() => undefined);
      },
      async finish(): Promise<BareResult> {
        isStopped = true;
        await running;
        const elapsedMs = performance.now() - startedAt;
        const cpuUs = cpu() + (await treeCpuUs(influx?.pid() ?? 0)) - serverCpuUs;
        const out = (await influx?.count('supply_temp')) ?? 0;
        return { out, sent, elapsedMs, cpuUs, drainMs: 0, failures: [] };
      },
    },
    async () => influx?.[Symbol.asyncDispose](),
  );
}
