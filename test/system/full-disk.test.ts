import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { expectStored, flowsOn, startFlow } from '#test/support/device-flow.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestApp } from '#test/support/test-app.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

const run = promisify(execFile);
const DISK_BYTES = 4_194_304;

/** Whether this user may mount a small disk of their own. */
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

/** A small disk for the log of that data folder, unmounted when disposed. */
async function mountLogDisk(dataDir: string) {
  const log = join(dataDir, 'log');
  await mkdir(log, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', log]);
  const ballast = join(log, 'ballast');
  return {
    fill: () => writeFile(ballast, Buffer.alloc(DISK_BYTES)).catch(() => undefined),
    empty: () => rm(ballast),
    [Symbol.asyncDispose]: async () => {
      await run('umount', [log]);
    },
  };
}

test.skipIf(!mayMount)(
  'while the disk of the log is full nothing is acknowledged and all live; with room again nothing is lost',
  async () => {
    await using folder = await openTestFolder();
    await using disk = await mountLogDisk(folder.path);
    await using app = await openTestApp({ dataDir: folder.path });
    const device = await app.openDevice({ id: 'ac-1' });
    const flow = startFlow(device.client, 'ac-1');
    await flowsOn(flow);

    await disk.fill();
    await eventually(async () => {
      const ready = await fetch(`${app.httpUrl}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ detail: 'not ready: durable log' });
    });
    const held = flow.acknowledged.length;
    expect((await fetch(`${app.httpUrl}/healthz`)).status).toBe(200);
    expect((await app.api.get('/ledger')).withheld).toContain('log');
    expect(flow.acknowledged.length).toBe(held);
    expect(device.client.connected).toBe(true);

    await disk.empty();
    await flowsOn(flow);
    expect((await fetch(`${app.httpUrl}/readyz`)).status).toBe(200);
    const acknowledged = await flow.stop();
    await expectStored(app.api, 'ac-1', acknowledged);
    expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });
  },
);
