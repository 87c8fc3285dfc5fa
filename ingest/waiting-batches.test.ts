import { expect, test } from 'vitest';
import { createPointBuilder } from './core/point-builder.ts';
import { createCounts } from './ledger.ts';
import type { ProcessedBatch } from './reading.ts';
import { createWaitingBatches } from './waiting-batches.ts';

function batchAt(sequence: number, payloadBytes: number): ProcessedBatch {
  const letter = {
    deviceId: 'ac-1',
    topic: 'devices/ac-1/telemetry',
    code: 'INGEST_JSON_MALFORMED',
    field: '',
    isPartial: false,
    payload: Buffer.alloc(payloadBytes),
    receivedAtMs: 1,
  };
  const input = { sequence, points: createPointBuilder().finish(), signals: [] };
  return {
    sequence,
    input,
    events: [],
    deadLetters: [letter],
    charging: [],
    counts: { ...createCounts(), mqtt: { accepted: sequence, duplicate: 0, deadLettered: 1, badValues: 0 } },
  };
}

test('what waits is held up to a bound of bytes, points or not; past it positions and counts stay', () => {
  const waiting = createWaitingBatches();
  for (let n = 1; n <= 1_000; n++) waiting.add(batchAt(n, 1_000_000));
  const held = Array.from({ length: 1_000 }, (_, ahead) => waiting.heldAt(ahead)).filter(Boolean);
  expect(held.length).toBeGreaterThan(10);
  expect(held.length).toBeLessThan(100);
  expect(waiting.sequenceAt(999)).toBe(1_000);
  expect(waiting.removeFirst(1_000)).toEqual({ mqtt: 500_500, ocpp: 0 });
  waiting.add(batchAt(1_001, 1_000_000));
  expect(waiting.heldAt(0)?.sequence).toBe(1_001);
});
