import fc from 'fast-check';
import { expect, test } from 'vitest';
import { putDecimal, putTime } from './put-number.ts';

const into = new Uint8Array(400);
const textOf = (write: (at: number) => number) => Buffer.from(into.subarray(7, write(7))).toString();
const decimal = (value: number) => textOf((at) => putDecimal(into, at, value));

test('every finite double reads back as itself', () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  const sensor = fc
    .integer({ min: -2_147_483_648, max: 2_147_483_647 })
    .chain((digits) =>
      fc.constantFrom(1, 10, 100, 1_000, 10_000, 1_000_000, 10_000_000).map((scale) => digits / scale),
    );
  fc.assert(
    fc.property(fc.oneof(double, sensor), (value) => {
      expect(Number(decimal(value))).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 5_000 },
  );
});

test('short decimals are as short as written', () => {
  const texts = ['0', '7', '-7', '13.2', '0.001', '-0.05', '2510.01', '1999999.999', '2000000', '0.000001'];
  expect(texts.map((text) => decimal(Number(text)))).toEqual(
    texts.map((text) => String(Number(text)).replace('1e-6', '0.000001')),
  );
  expect(decimal(1e21)).toBe('1e+21');
});

test('instants are whole milliseconds', () => {
  const times = [0, 1, 999_999, 1_000_000, 1_790_000_000_000, 1_790_000_012_005, 9_999_999_999_999];
  expect(times.map((ms) => textOf((at) => putTime(into, at, ms)))).toEqual(times.map(String));
  expect(textOf((at) => putTime(into, at, 1_790_000_000_000.7))).toBe('1790000000000');
});
