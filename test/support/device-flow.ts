import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { expect } from 'vitest';
import { topicOf } from '#contracts/mqtt.ts';
import type { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';

/** Telemetry without a pause; every message carries a time of its own, by which it is found again. */
export interface DeviceFlow {
  /** Times of the messages that were acknowledged so far. */
  readonly acknowledged: readonly number[];
  /** No further message; resolves once none waits for its acknowledgement, or the connection is gone. */
  stop(): Promise<readonly number[]>;
}

const AT_ONCE = 20;
const PAUSE_MS = 10;
const BEHIND_MS = 40 * 60_000;

export function startFlow(client: MqttClient, deviceId: string): DeviceFlow {
  const acknowledged: number[] = [];
  let isOver = false;
  let nextMs = Date.now() - BEHIND_MS;
  const publish = async () => {
    const ts = nextMs++;
    const message = JSON.stringify({ ts, values: { supply_temp: 14 } });
    await client.publishAsync(topicOf(deviceId, 'telemetry'), message, { qos: 1 });
    acknowledged.push(ts);
  };
  const run = async () => {
    while (!isOver && client.connected) {
      await Promise.allSettled(Array.from({ length: AT_ONCE }, publish));
      await delay(PAUSE_MS);
    }
  };
  const running = run();
  client.on('error', () => undefined);
  client.once('close', () => client.end(true));
  return {
    acknowledged,
    stop: async () => {
      isOver = true;
      await running;
      return acknowledged;
    },
  };
}

/** Waits until the flow has so many more acknowledgements. */
export async function flowsOn({ acknowledged }: DeviceFlow, messages = 100): Promise<void> {
  const before = acknowledged.length;
  await eventually(async () => expect(acknowledged.length).toBeGreaterThan(before + messages), 60_000);
}

/** Waits until all of these times of the device are stored. */
export async function expectStored(
  api: ApiClient,
  deviceId: string,
  acknowledged: readonly number[],
): Promise<void> {
  await eventually(async () => {
    const { series } = await api.get(`/telemetry?deviceId=${deviceId}&metrics=supply_temp`);
    const stored = new Set((series[0]?.points ?? []).map(([ms]: [number, number]) => ms));
    expect(acknowledged.filter((ms) => !stored.has(ms))).toEqual([]);
  }, 60_000);
}
