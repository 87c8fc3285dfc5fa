import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AftercareError } from '#platform/errors.ts';
import { deviceIds } from '../support/api.ts';
import { freePort } from '../support/app-process.ts';
import { answer } from '../support/children.ts';
import { treeCpuUs } from '../support/cpu.ts';
import { installPeer } from '../support/peers.ts';
import { PROGRAMS, type Program, startProgram } from '../support/program.ts';
import { waitFor } from '../support/wait.ts';
import type { ContenderReady, ContenderResult, ContenderSettings, FinishSettings } from './contender.ts';
import { nodeRedFlow } from './node-red-flow.ts';

const NEW_LINE = 10;
/** The last batch of the probes leaves a second after its first message. */
const QUIET_MS = 2_000;
/** Nothing has arrived for this long: what is missing will not come. */
const GIVE_UP_MS = 30_000;

/** An HTTP server that counts lines and throws them away. */
async function openSink() {
  let lines = 0;
  let lastAt = performance.now();
  const server = createServer((request, response) => {
    let last = NEW_LINE;
    request.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(NEW_LINE); at !== -1; at = chunk.indexOf(NEW_LINE, at + 1)) lines += 1;
      last = chunk.at(-1) ?? last;
    });
    request.on('end', () => {
      if (last !== NEW_LINE) lines += 1;
      lastAt = performance.now();
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, lines: () => lines, lastAt: () => lastAt };
}

/** mosquitto that queues whatever its subscriber has not taken yet, without losing any. */
async function startBroker(folder: string, port: number): Promise<Program> {
  const config = join(folder, 'mosquitto.conf');
  await mkdir(folder, { recursive: true });
  await writeFile(
    config,
    `listener ${port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 1000
log_type error
`,
  );
  const broker = await startProgram({ command: PROGRAMS.mosquitto.file, args: ['-c', config], folder });
  await waitFor('mosquitto', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    socket.destroy();
    return true;
  });
  return broker;
}

async function startNodeRed(folder: string, flow: unknown): Promise<Program> {
  const peer = await installPeer('node-red');
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'flow.json'), JSON.stringify(flow));
  const settings = {
    uiPort: port,
    uiHost: '127.0.0.1',
    httpAdminRoot: false,
    disableEditor: true,
    flowFile: 'flow.json',
    telemetry: { enabled: false },
    logging: { console: { level: 'error', metrics: false, audit: false } },
  };
  await writeFile(join(folder, 'settings.cjs'), `module.exports = ${JSON.stringify(settings)};\n`);
  return startProgram({
    command: process.execPath,
    args: [
      join(peer, 'node_modules', 'node-red', 'red.js'),
      '--userDir',
      folder,
      '--settings',
      join(folder, 'settings.cjs'),
      'flow.json',
    ],
    folder,
  });
}

/** Node-RED doing the same work on the same messages into a sink, from an MQTT broker as its users run it. */
export function runNodeRed(): void {
  const programs: Program[] = [];
  let sink: Awaited<ReturnType<typeof openSink>> | undefined;
  let cpuBeforeUs = 0;
  let linesBefore = 0;
  const readCpu = async () => {
    const used = await Promise.all(programs.map(({ pid }) => treeCpuUs(pid)));
    return used.reduce((all, one) => all + one, 0);
  };

  /** The load begins once the flow listens: once one of these messages has arrived at the sink. */
  async function untilSubscribed(mqttPort: number): Promise<void> {
    const { connectAsync } = await import('mqtt');
    const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
    const before = sink?.lines() ?? 0;
    const probe = JSON.stringify({ ts: Date.now(), values: { supply_temp: 1 } });
    await waitFor('subscription of Node-RED', async () => {
      await client.publishAsync('devices/probe/telemetry', probe, { qos: 1 });
      await delay(250);
      if (programs.some(({ hasEnded }) => hasEnded)) return true;
      return (sink?.lines() ?? 0) > before;
    });
    await client.endAsync();
    if (programs.some(({ hasEnded }) => hasEnded))
      throw new AftercareError('BENCH_PROGRAM_ENDED', 'Node-RED or its broker ended at the start');
    await delay(QUIET_MS);
  }

  answer(
    {
      async open({ folder, devices, rules }: ContenderSettings): Promise<ContenderReady> {
        sink = await openSink();
        const port = await freePort();
        programs.push(await startBroker(join(folder, 'mosquitto'), port));
        const flow = nodeRedFlow({ rules, mqttPort: port, sinkUrl: sink.url });
        programs.push(await startNodeRed(join(folder, 'node-red'), flow));
        await untilSubscribed(port);
        return { port, devices: deviceIds(devices).map((id) => ({ id, username: id, password: 'any' })) };
      },
      async begin() {
        cpuBeforeUs = await readCpu();
        linesBefore = sink?.lines() ?? 0;
      },
      async finish({ expected }: FinishSettings): Promise<ContenderResult> {
        const started = performance.now();
        const out = () => (sink?.lines() ?? 0) - linesBefore;
        const lastAt = () => Math.max(started, sink?.lastAt() ?? 0);
        while (out() < expected && performance.now() - lastAt() < GIVE_UP_MS) await delay(10);
        const cpuUs = (await readCpu()) - cpuBeforeUs;
        return { out: out(), cpuUs, drainMs: lastAt() - started, failures: [] };
      },
    },
    async () => {
      for (const program of programs) await program.stop();
    },
  );
}
