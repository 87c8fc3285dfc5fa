import { once } from 'node:events';
import { type AppPorts, freePort, spawnApp, untilReady } from './support/app-process.ts';
import { endChild, openFolder } from './support/children.ts';
import { treeCpuUs } from './support/cpu.ts';
import { type Options, wholeNumber } from './support/options.ts';
import { median, type Outcome, say } from './support/report.ts';

const COLD_MUST_MS = 15_000;
const WARM_MUST_MS = 5_000;

interface StartTime {
  readonly ms: number;
  /** Of the app and what it started: moves less than the wall on a machine that others use too. */
  readonly cpuMs: number;
}

async function timeStart(ports: AppPorts): Promise<StartTime> {
  const started = performance.now();
  const child = spawnApp(ports);
  await once(child, 'spawn');
  await untilReady(child, ports.httpPort);
  const ms = performance.now() - started;
  const cpuMs = (await treeCpuUs(child.pid ?? 0)) / 1_000;
  await endChild(child);
  return { ms, cpuMs };
}

function told(time: StartTime | undefined): string {
  return time === undefined ? '' : `${Math.round(time.ms)} ms (${Math.round(time.cpuMs)} ms of a processor)`;
}

/** From the spawn of what `npm start` runs to `/readyz`: with an empty data folder, and with its own again. */
export async function benchStart(options: Options): Promise<Outcome> {
  const rounds = wholeNumber(options, 'rounds', { otherwise: 3, min: 1 });
  const cold: StartTime[] = [];
  const warm: StartTime[] = [];
  for (let round = 1; round <= rounds; round++) {
    using folder = await openFolder();
    const ports = { dataDir: folder.path, httpPort: await freePort(), mqttPort: await freePort() };
    cold.push(await timeStart(ports));
    warm.push(await timeStart(ports));
    say(`round ${round}: cold ${told(cold.at(-1))}, warm ${told(warm.at(-1))}`);
  }
  const middle = (times: readonly StartTime[], key: keyof StartTime) =>
    Math.round(median(times.map((time) => time[key])));
  const coldMs = middle(cold, 'ms');
  const warmMs = middle(warm, 'ms');
  const failures = [
    ...(coldMs > COLD_MUST_MS ? [`a cold start took ${coldMs} ms, at most ${COLD_MUST_MS} it must`] : []),
    ...(warmMs > WARM_MUST_MS ? [`a warm start took ${warmMs} ms, at most ${WARM_MUST_MS} it must`] : []),
  ];
  return {
    result: { coldMs, warmMs, coldCpuMs: middle(cold, 'cpuMs'), warmCpuMs: middle(warm, 'cpuMs') },
    failures,
  };
}
