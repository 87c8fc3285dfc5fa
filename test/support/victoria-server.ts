import { join } from 'node:path';
import { openTestServer, type TestServer } from './influx-server.ts';
import { isInstalled } from './installed.ts';

const PROGRAM = '/usr/bin/victoria-metrics';

/** Whether tests of VictoriaMetrics run: it takes what InfluxDB 2 takes at `/api/v2/write`. */
export const hasVictoria = (): boolean => isInstalled(PROGRAM, 'victoria-metrics');

export function openTestVictoria(): Promise<TestServer> {
  return openTestServer(PROGRAM, async (folder, [http]) => [
    `-storageDataPath=${join(folder, 'data')}`,
    `-httpListenAddr=127.0.0.1:${http}`,
    '-retentionPeriod=100y',
  ]);
}
