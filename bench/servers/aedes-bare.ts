import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { deviceIds } from '../support/api.ts';
import { answer } from '../support/children.ts';
import {
  type ContenderReady,
  type ContenderResult,
  type ContenderSettings,
  startCpuClock,
} from './contender.ts';

/** The yardstick: aedes as it comes, which counts what it is sent and does nothing else. */
export async function runAedesBare(): Promise<void> {
  let count = 0;
  let cpu = startCpuClock();
  const broker = await Aedes.createBroker();
  broker.on('publish', (_packet, client) => {
    if (client !== null) count += 1;
  });
  const server = createServer({ noDelay: true }, broker.handle);
  answer(
    {
      async open({ devices }: ContenderSettings): Promise<ContenderReady> {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        return { port, devices: deviceIds(devices).map((id) => ({ id, username: id, password: 'any' })) };
      },
      begin() {
        count = 0;
        cpu = startCpuClock();
      },
      finish: (): ContenderResult => ({ out: count, cpuUs: cpu(), drainMs: 0, failures: [] }),
    },
    async () => undefined,
  );
}
