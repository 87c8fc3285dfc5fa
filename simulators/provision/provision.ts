import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { DeviceKind } from '#contracts/metrics.ts';
import { SimulatorError } from '../errors.ts';
import type { Credentials } from '../fleet/connection.ts';
import type { ApiClient } from './api-client.ts';
import type { LocalMemory } from './local-memory.ts';

const Registered = Type.Object({
  mqtt: Type.Optional(Type.Object({ username: Type.String(), password: Type.String() })),
  ocpp: Type.Optional(Type.Object({ password: Type.String() })),
});
const compiled = Compile(Registered);

export interface FleetEntry {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly model: string;
  readonly siteId: string | null;
}

export interface ProvisionDeps {
  readonly api: ApiClient;
  readonly memory: LocalMemory;
}

const AT_ONCE = 4;

/**
 * Registers each unit that the service does not know yet and keeps its credentials. A unit that is registered
 * already keeps those it has; without any, new ones are asked for. Gives the number of units that were new.
 */
export async function registerFleet(deps: ProvisionDeps, fleet: readonly FleetEntry[]): Promise<number> {
  const { memory } = deps;
  let created = 0;
  const waiting = [...fleet];
  const worker = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      if (await register(deps, entry)) created += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    memory.save();
  }
  return created;
}

async function register({ api, memory }: ProvisionDeps, entry: FleetEntry): Promise<boolean> {
  const body = {
    id: entry.id,
    kind: entry.kind,
    model: entry.model,
    serial: `SIM-${entry.id.toUpperCase()}`,
    ...(entry.siteId === null ? {} : { siteId: entry.siteId }),
  };
  const reply = await api.request('POST', '/devices', { body, accept: [409] });
  if (reply.status !== 409) {
    memory.forgetPast(entry.id);
    keep(memory, entry.id, reply.body);
    return true;
  }
  if (memory.credentialsOf(entry.id) === null) await issueCredentials({ api, memory }, entry.id);
  return false;
}

/** Asks for new credentials for a registered device; those it had are refused from then on. */
export async function rotateCredentials(deps: ProvisionDeps, deviceId: string): Promise<void> {
  await issueCredentials(deps, deviceId);
  deps.memory.save();
}

async function issueCredentials({ api, memory }: ProvisionDeps, deviceId: string): Promise<void> {
  const reply = await api.request('POST', `/devices/${encodeURIComponent(deviceId)}/credentials`);
  keep(memory, deviceId, reply.body);
}

function keep(memory: LocalMemory, deviceId: string, body: unknown): void {
  const credentials = compiled.Check(body) ? credentialsIn(body, deviceId) : undefined;
  if (credentials === undefined) {
    throw new SimulatorError(
      'SIMULATOR_API_REPLY_INVALID',
      `the API gave no credentials for ${deviceId}: use the same version of service and simulator`,
    );
  }
  memory.keepCredentials(deviceId, credentials);
}

/** A station signs in with its own id. */
function credentialsIn({ mqtt, ocpp }: Static<typeof Registered>, deviceId: string): Credentials | undefined {
  return ocpp === undefined ? mqtt : { username: deviceId, password: ocpp.password };
}
