import { expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet/fleet.ts';
import { progressLine } from '../progress.ts';
import { parseScenario } from '../scenario/scenario.ts';
import { openBroker } from '../testing/open-broker.ts';
import { startControlServer } from './control-server.ts';

function openFleet(url: string): Fleet {
  return startFleet(
    {
      now: Date.now,
      credentials: () => null,
      renewCredentials: async () => false,
      past: { pastOf: () => null, rememberPast: () => undefined },
      onTrouble: () => undefined,
    },
    {
      scenario: parseScenario('test', { seed: 1, fleet: 2, events: [] }),
      url,
      intervalMs: 50,
      speed: 1,
      bufferPoints: 100,
      retryMs: 20,
    },
  );
}

test('the fleet can be seen, broken and healed over HTTP', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url);
  await using control = await startControlServer(fleet, 0);
  const call = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${control.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  await expect.poll(() => fleet.counts().connected).toBe(2);

  expect((await call('GET', '/units')).body).toMatchObject({
    items: [{ id: 'ac-01', model: 'split-generic', isConnected: true, faults: [] }, { id: 'ac-02' }],
  });
  expect((await call('POST', '/units/ac-01/faults', { code: 'E6' })).body).toMatchObject({ faults: ['E6'] });
  expect((await call('POST', '/units/ac-01/faults', { mode: 'fan_bearing', level: 0.5 })).body).toMatchObject(
    {
      failures: ['fan_bearing'],
    },
  );
  expect(progressLine(fleet)).toContain('faults: ac-01 E6');
  expect((await call('DELETE', '/units/ac-01/faults')).body).toMatchObject({ faults: [], failures: [] });
  expect((await call('POST', '/units/ac-02/offline')).status).toBe(200);
  await expect.poll(() => fleet.counts().connected).toBe(1);
  expect((await call('POST', '/units/ac-02/online')).status).toBe(200);
  await expect.poll(() => fleet.counts().connected).toBe(2);

  expect(await call('POST', '/units/ac-99/heal')).toMatchObject({
    status: 404,
    body: { detail: 'ac-99 is no unit of this fleet: GET /units lists them' },
  });
  expect((await call('POST', '/units/ac-01/faults', { mode: 'gremlins' })).status).toBe(422);
  expect((await call('GET', '/elsewhere')).status).toBe(404);
});

test('a taken port is one clear sentence', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url);
  await using control = await startControlServer(fleet, 0);

  await expect(startControlServer(fleet, Number(new URL(control.url).port))).rejects.toThrow(
    'give another one with --http',
  );
});
