import { once } from 'node:events';
import { type AppPorts, freePort, spawnApp, untilReady } from './support/app-process.ts';
import { endChild, openFolder } from './support/children.ts';
import { type Options, wholeNumber } from './support/options.ts';
import { median, type Outcome, say } from './support/report.ts';

const COLD_MUST_MS = 15_000;
const WARM_MUST_MS = 5_000;

async function timeStart(ports: AppPorts): Promise<number> {
  const started = performance.now();
  const child = spawnApp(ports);
  await once(child, 'spawn');
  await untilReady(child, ports.httpPort);
  const tookMs = performance.now() - started;
  await endChild(child);
  return tookMs;
}

/** From the spawn of what `npm start` runs to `/readyz`: with an empty data folder, and with its own again. */
export async function benchStart(options: Options): Promise<Outcome> {
  const rounds = wholeNumber(options, 'rounds', { otherwise: 3, min: 1 });
  const cold: number[] = [];
  const warm: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    using folder = await openFolder();
    const ports = { dataDir: folder.path, httpPort: await freePort(), mqttPort: await freePort() };
    cold.push(await timeStart(ports));
    warm.push(await timeStart(ports));
    say(`round ${round}: cold ${Math.round(cold.at(-1) ?? 0)} ms, warm ${Math.round(warm.at(-1) ?? 0)} ms`);
  }
  const coldMs = Math.round(median(cold));
  const warmMs = Math.round(median(warm));
  const failures = [
    ...(coldMs > COLD_MUST_MS ? [`a cold start took ${coldMs} ms, at most ${COLD_MUST_MS} it must`] : []),
    ...(warmMs > WARM_MUST_MS ? [`a warm start took ${warmMs} ms, at most ${WARM_MUST_MS} it must`] : []),
  ];
  return { result: { coldMs, warmMs }, failures };
}
