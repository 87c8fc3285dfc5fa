import { Compile } from 'typebox/compile';
import { LoggedCall } from '#contracts/ocpp.ts';
import type { CallFacts, Fields } from './core/call-facts.ts';
import { messageInTransfer } from './core/data-transfer.ts';
import { decodeCall } from './core/decode-call.ts';
import { isKeepable } from './core/keepable.ts';
import { readFault, readTelemetry } from './read-messages.ts';
import { accept, isDuplicate, type Reading, type Received, refuseReceived } from './reading.ts';

const checkCall = Compile(LoggedCall);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A message of ours inside vendor data is read as if it had come by itself. */
function readTransferred(
  reading: Reading,
  from: Received,
  { channel, text }: NonNullable<ReturnType<typeof messageInTransfer>>,
): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuseReceived(reading, from, { code: 'INGEST_JSON_MALFORMED', field: 'data' });
    return;
  }
  if (text.includes('\\u') && !isKeepable(value)) {
    refuseReceived(reading, from, { code: 'INGEST_TEXT_INVALID', field: 'data' });
    return;
  }
  if (channel === 'telemetry') readTelemetry(reading, { ...from, value });
  else readFault(reading, { ...from, value });
}

function isEmpty({ points, faults, events, charging }: CallFacts): boolean {
  return points.length + faults.length + events.length + charging.length === 0;
}

/** Points first: a fault finds the status that came with it. */
function keepFacts(reading: Reading, { device, envelope }: Received, facts: CallFacts): void {
  const { builder } = reading;
  const { receivedAtMs } = envelope;
  for (const { component, observedAtMs, values } of facts.points) {
    builder.begin(device, component, { observedAtMs, receivedAtMs });
    for (const [metric, value] of values) builder.add(metric, value);
    builder.end();
  }
  const afterPoint = builder.count;
  for (const fault of facts.faults) reading.signals.push({ ...fault, device, receivedAtMs, afterPoint });
  const deviceId = device.id;
  for (const event of facts.events) reading.events.push({ ...event, deviceId, receivedAtMs });
  for (const change of facts.charging) reading.charging.push({ ...change, deviceId });
}

/** A station repeats a call under its id: the same call with the same time and id came before. */
function cameBefore(reading: Reading, from: Received, { ownMs }: CallFacts): boolean {
  if (ownMs === null) return isDuplicate(reading, from, null);
  return isDuplicate(reading, { ...from, envelope: { ...from.envelope, isDuplicateFlagged: true } }, null);
}

/** A call of an OCPP station, as the log keeps it (contracts/ocpp.ts). */
export function readCall(reading: Reading, from: Received): void {
  const { device, envelope, value } = from;
  if (device.kind !== 'charging_pile' || !checkCall.Check(value)) {
    refuseReceived(reading, from, { code: 'INGEST_SHAPE_INVALID', field: '' });
    return;
  }
  const [action, told, answered] = value;
  const payload = isFields(told) ? told : {};
  const message = action === 'DataTransfer' ? messageInTransfer(payload) : null;
  if (message !== null) {
    readTransferred(reading, from, message);
    return;
  }
  const { receivedAtMs } = envelope;
  const oldestMs = receivedAtMs - reading.options.maxAgeMs;
  const allowsComponent = reading.components.allows;
  const facts = decodeCall(
    { action, payload },
    { device, receivedAtMs, oldestMs, answered, allowsComponent },
  );
  if (facts.unknownMetrics.length > 0) reading.options.onUnknownMetrics?.(device.model, facts.unknownMetrics);
  if (isEmpty(facts)) {
    refuseReceived(reading, from, facts.problem ?? { code: 'INGEST_SHAPE_INVALID', field: '' });
    return;
  }
  if (cameBefore(reading, from, facts)) return;
  accept(reading, from, facts);
  keepFacts(reading, from, facts);
}
