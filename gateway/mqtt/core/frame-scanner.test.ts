import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameScanner } from './frame-scanner.ts';

function frame(header: number, body: number): number[] {
  const bytes = [header];
  let left = body;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return [...bytes, ...new Array<number>(body).fill(0xc0)];
}

test('packets within the limit pass, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 20 }),
      (bodies, cuts) => {
        const stream = Uint8Array.from(bodies.flatMap((body) => frame(0x32, body)));
        const scanner = createFrameScanner(300, 300);
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const next = at + (cuts[turn % cuts.length] ?? 1);
          expect(scanner.scan(stream.subarray(at, next), 0)).toBe('ok');
          at = next;
        }
      },
    ),
  );
});

test('a packet over the limit is known from its fixed header', () => {
  const scanner = createFrameScanner(1_000, 1_000);
  expect(scanner.scan(Uint8Array.from(frame(0x10, 20)), 0)).toBe('ok');
  expect(scanner.scan(Uint8Array.of(0x32, 0xff), 0)).toBe('ok');
  expect(scanner.scan(Uint8Array.of(0x7f), 0)).toBe('too_large');
});

test('the first packet has a limit of its own', () => {
  const scanner = createFrameScanner(1_000, 100);
  expect(scanner.scan(Uint8Array.from(frame(0x10, 100)), 0)).toBe('ok');
  expect(scanner.scan(Uint8Array.from(frame(0x32, 1_000)), 0)).toBe('ok');
  expect(createFrameScanner(1_000, 100).scan(Uint8Array.from(frame(0x10, 101)), 0)).toBe('too_large');
});

test('a length that never ends is malformed', () => {
  expect(createFrameScanner(10, 10).scan(Uint8Array.of(0x32, 0x80, 0x80, 0x80, 0x80), 0)).toBe('malformed');
});

test('pings are found between packets, never inside one, and only where both bytes are in the chunk', () => {
  const scanner = createFrameScanner(1_000, 1_000);
  const stream = [...frame(0x32, 7), 0xc0, 0, ...frame(0x30, 3), 0xc0, 0, 0xc0];
  expect(scanner.scan(Uint8Array.from(stream), 0)).toBe('ok');
  expect(scanner.pings).toEqual([9, 16]);
  expect(scanner.scan(Uint8Array.of(0, 0xc0, 0), 0)).toBe('ok');
  expect(scanner.pings).toEqual([1]);
});
