import { randomBytes } from 'node:crypto';
import type { DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import { commitDevices, type DeviceDeps, registerDevice } from '#gateway/devices/device-records.ts';
import { deviceRoutes } from '#gateway/devices/device-routes.ts';
import { createDeviceRegistry } from '#gateway/devices/registry.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import { createSecretHasher } from '#platform/auth/secrets.ts';
import { createClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { createUnits } from '#ticketing/units/index.ts';
import { type FeatureApp, openFeatureApp } from './feature-app.ts';
import { openTestDatabase } from './test-database.ts';

/** What device records stand on, all real. */
export function createDeviceDeps(db: Db): DeviceDeps {
  const clock = createClock();
  const audit = createAudit({ clock });
  return {
    db,
    clock,
    audit,
    outbox: createOutbox({ clock }, { consumers: [] }),
    secrets: createSecretHasher(randomBytes(32), 'device'),
    units: createUnits({ audit }),
    registry: createDeviceRegistry({ db }),
    deviceUrls: { ocpp: (id) => `ws://127.0.0.1:9000/ocpp/${encodeURIComponent(id)}` },
  };
}

export function addDevice(deps: DeviceDeps, device: Partial<NewDevice> = {}): Promise<DeviceCredentials> {
  const complete = { id: 'ac-1', kind: 'ac_unit', model: 'split-generic', ...device };
  return commitDevices(deps, [complete.id], (tx) =>
    registerDevice(deps, { tx, actor: { type: 'system', name: 'test' } }, complete),
  );
}

/** The device routes behind the real HTTP app. */
export interface TestDevices extends AsyncDisposable {
  readonly call: FeatureApp['call'];
  readonly deps: DeviceDeps;
}

export async function openTestDevices(): Promise<TestDevices> {
  const database = await openTestDatabase();
  const deps = createDeviceDeps(database.db);
  await deps.registry.load();
  const app = await openFeatureApp(deps, [deviceRoutes(deps)]);
  return {
    call: app.call,
    deps,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
