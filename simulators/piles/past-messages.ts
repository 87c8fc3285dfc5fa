import type { PastEntry } from '../core/pile-history.ts';
import { messageOf, meterMessage, type Outgoing, type Reading } from './messages.ts';

const READINGS_A_MESSAGE = 12;

/** Past sessions as the messages of an offline station: those that started after `knownUntilMs`, in order. */
export function pastMessages(entries: readonly PastEntry[], knownUntilMs: number): readonly Outgoing[] {
  const messages: Outgoing[] = [];
  let isNew = false;
  let readings: Reading[] = [];
  let meter: { connectorId: number; key: number } = { connectorId: 0, key: 0 };
  const flush = (): void => {
    if (readings.length > 0) messages.push(meterMessage(meter.connectorId, meter.key, readings));
    readings = [];
  };
  for (const entry of entries) {
    if ('event' in entry) {
      flush();
      if (entry.event.type === 'start') isNew = entry.atMs > knownUntilMs;
      if (isNew) messages.push(messageOf(entry.event, entry.atMs));
    } else if (isNew) {
      meter = entry.meter;
      readings.push({ atMs: entry.atMs, values: entry.meter.values });
      if (readings.length >= READINGS_A_MESSAGE) flush();
    }
  }
  flush();
  return messages;
}
