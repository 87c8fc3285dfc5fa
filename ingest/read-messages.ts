import { type DeviceModel, findDeviceModel } from '#contracts/device-models.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { ComponentBook } from './core/components.ts';
import { createTelemetryDecoder, type TelemetryDecoder } from './core/decode-telemetry.ts';
import { observedAt } from './core/observed-at.ts';
import type { DecodeProblem } from './core/problem.ts';
import { compileUnits } from './core/units.ts';
import { decodeCommandAnswer, decodeFault, decodeState } from './decode-signal.ts';
import { accept, isDuplicate, type Reading, type Received, refuseReceived } from './reading.ts';

function decoderFor(
  model: DeviceModel | undefined,
  device: DeviceRef,
  components: ComponentBook,
): TelemetryDecoder {
  const allowsComponent = components.allows;
  if (model === undefined)
    return createTelemetryDecoder({ kind: device.kind, conversions: [], allowsComponent });
  const units = compileUnits(model.kind, model.units);
  return createTelemetryDecoder({
    kind: model.kind,
    conversions: 'problem' in units ? [] : units.conversions,
    allowsComponent,
  });
}

function decoderOf(reading: Reading, device: DeviceRef): TelemetryDecoder {
  const found = reading.decoders.get(device.model);
  if (found !== undefined) return found;
  const decoder = decoderFor(findDeviceModel(device.model), device, reading.components);
  reading.decoders.set(device.model, decoder);
  return decoder;
}

export function readTelemetry(reading: Reading, from: Received): void {
  const { device, envelope, value } = from;
  const { builder, options } = reading;
  const before = builder.count;
  const { receivedAtMs } = envelope;
  const source = { device, receivedAtMs, oldestMs: receivedAtMs - options.maxAgeMs };
  const outcome = decoderOf(reading, device).decode(value, source, builder);
  if (outcome.unknownMetrics !== null) options.onUnknownMetrics?.(device.model, outcome.unknownMetrics);
  if (outcome.points === 0) {
    refuseReceived(reading, from, outcome.problem ?? { code: 'INGEST_SHAPE_INVALID', field: '' });
    return;
  }
  if (isDuplicate(reading, from, outcome.hasOwnTime ? outcome.newestMs : null)) {
    builder.undo(before);
    return;
  }
  accept(reading, from, outcome);
}

/** The decoded message once it is counted as accepted; null where it was refused or came before. */
function take<T extends { readonly ts?: number }>(
  reading: Reading,
  from: Received,
  checked: { readonly message: T } | { readonly problem: DecodeProblem },
): T | null {
  if ('problem' in checked) {
    refuseReceived(reading, from, checked.problem);
    return null;
  }
  if (isDuplicate(reading, from, checked.message.ts ?? null)) return null;
  accept(reading, from, { badValues: 0, problem: null });
  return checked.message;
}

function timesOf(reading: Reading, { envelope }: Received, ts: number | undefined) {
  const { receivedAtMs } = envelope;
  const oldestMs = receivedAtMs - reading.options.maxAgeMs;
  return { observedAtMs: observedAt(ts, { receivedAtMs, oldestMs }), receivedAtMs };
}

export function readFault(reading: Reading, from: Received): void {
  const { device } = from;
  const checked = decodeFault(from.value);
  if ('message' in checked && !reading.components.allows(device, checked.message.component ?? '')) {
    refuseReceived(reading, from, { code: 'INGEST_COMPONENT_LIMIT', field: 'component' });
    return;
  }
  const message = take(reading, from, checked);
  if (message === null) return;
  const { component = '', code, state, detail = null } = message;
  const told = {
    type: 'fault' as const,
    component,
    code,
    state,
    detail,
    ...timesOf(reading, from, message.ts),
  };
  reading.signals.push({ ...told, afterPoint: reading.builder.count, device });
  reading.events.push({ ...told, deviceId: device.id });
}

export function readState(reading: Reading, from: Received): void {
  const { device } = from;
  const message = take(reading, from, decodeState(from.value));
  if (message === null) return;
  const times = timesOf(reading, from, message.ts);
  const { faults: codes, session = null, fw = null } = message;
  if (codes !== undefined && message.online) {
    const afterPoint = reading.builder.count;
    reading.signals.push({ type: 'fault_list', afterPoint, device, component: '', codes, ...times });
  }
  reading.events.push({
    deviceId: device.id,
    component: '',
    type: 'state',
    code: null,
    state: message.online ? 'online' : 'offline',
    detail: { session, fw, faults: codes ?? null },
    ...times,
  });
}

export function readCommandAnswer(reading: Reading, from: Received): void {
  const answer = take<{ id: string; status: string; detail?: string; ts?: number }>(
    reading,
    from,
    decodeCommandAnswer(from.value),
  );
  if (answer === null) return;
  const { id, status, detail = null } = answer;
  reading.events.push({
    deviceId: from.device.id,
    component: '',
    type: 'cmd_ack',
    code: null,
    state: status,
    detail: { id, detail },
    ...timesOf(reading, from, undefined),
  });
}
