import type { CommandCarrier } from '#gateway/commands/carrier.ts';
import { createPendingDevices } from '#gateway/devices/pending.ts';
import type { DeviceRegistry } from '#gateway/devices/registry.ts';
import { reportLeftConnected } from '#gateway/devices/report-left-connected.ts';
import { createDeviceSessions } from '#gateway/devices/sessions.ts';
import { startMqttGateway } from '#gateway/mqtt/mqtt-gateway.ts';
import { startOcppGateway } from '#gateway/ocpp/ocpp-gateway.ts';
import { createChargingStore, type Ingest } from '#ingest/index.ts';
import { createSecretHasher } from '#platform/auth/secrets.ts';
import type { Environment } from './config.ts';
import type { Ground } from './ground.ts';

/** The ports that devices connect to, and what carries commands to them. */
export interface Wires {
  readonly mqttPort: number;
  readonly ocppPort: number;
  readonly carriers: readonly CommandCarrier[];
}

const STOP_MS = 20_000;

/** Where a station is told to connect: the host that people use for the console, else the one we listen on. */
export function stationUrl(
  { HOST, PUBLIC_URL }: Environment,
  { stationId, port }: { readonly stationId: string; readonly port: number },
): string {
  const host =
    PUBLIC_URL === undefined ? (HOST === '0.0.0.0' ? 'localhost' : HOST) : new URL(PUBLIC_URL).hostname;
  return `ws://${host}:${port}/ocpp/${encodeURIComponent(stationId)}`;
}

/** Listens on every wire; whom this node had left connected when it was killed is reported absent first. */
export async function openWires(
  ground: Ground,
  { registry, ingest }: { readonly registry: DeviceRegistry; readonly ingest: Ingest },
): Promise<Wires> {
  const { db, clock, config, nodeId, metrics, lifecycle } = ground;
  const log = ground.log.child({ part: 'gateway' });
  const secrets = createSecretHasher(ground.secretKey, 'device');
  const { sink } = ingest;
  const sessions = lifecycle.use('device sessions', createDeviceSessions({ db, clock, log }, { nodeId }));
  const pending = lifecycle.use('pending devices', createPendingDevices({ db, clock, log }));
  await reportLeftConnected({ registry, sessions, sink, clock });
  const shared = { registry, secrets, sink, log, pending, clock, metrics, sessions };
  const mqtt = await startMqttGateway(
    {
      ...shared,
      deadLetter: ({ payload, ...refused }) =>
        ingest.refuse({ ...refused, payload: payload ?? Buffer.alloc(0) }),
    },
    { host: config.HOST, port: config.MQTT_PORT },
  );
  lifecycle.use('mqtt', mqtt, STOP_MS);
  const ocpp = await startOcppGateway(
    {
      ...shared,
      facts: createChargingStore({ db }),
      deadLetter: ({ payload, ...refused }) =>
        ingest.refuse({ ...refused, protocol: 'ocpp', payload: payload ?? Buffer.alloc(0) }),
    },
    { host: config.HOST, port: config.OCPP_PORT },
  );
  lifecycle.use('ocpp', ocpp, STOP_MS);
  return { mqttPort: mqtt.port, ocppPort: ocpp.port, carriers: [mqtt.carrier, ocpp.carrier] };
}
