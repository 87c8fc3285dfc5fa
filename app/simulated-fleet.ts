import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Logger } from '#platform/log.ts';

export interface SimulatedFleetSettings {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  /** Of the OCPP server, e.g. ws://127.0.0.1:9000/ocpp. */
  readonly ocppUrl: string;
  readonly token: string;
  readonly dataDir: string;
}

const SIMULATOR = resolve(import.meta.dirname, '../simulators/main.ts');
const ROOT = resolve(import.meta.dirname, '..');

/**
 * Runs the demo fleet as a program of its own. Disposing closes its input, upon which it says goodbye for every
 * unit and ends.
 */
export function startSimulatedFleet(settings: SimulatedFleetSettings, log: Logger): AsyncDisposable {
  const { httpUrl, mqttUrl, ocppUrl, token, dataDir } = settings;
  const stateDir = join(resolve(dataDir), 'simulator');
  const args = [
    '--import',
    'tsx',
    SIMULATOR,
    '--scenario',
    'demo',
    '--quiet',
    '--exit-with-stdin',
    '--http',
    '0',
  ];
  const child = spawn(
    process.execPath,
    [...args, '--api', httpUrl, '--mqtt', mqttUrl, '--ocpp', ocppUrl, '--state-dir', stateDir],
    {
      cwd: ROOT,
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, AFTERCARE_TOKEN: token },
      detached: true,
    },
  );
  child.on('error', (error) => log.error({ err: error }, 'the simulated fleet did not start'));
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) log.error({ code }, 'the simulated fleet ended');
  });
  child.stdin.on('error', () => undefined);
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.pid === undefined) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
