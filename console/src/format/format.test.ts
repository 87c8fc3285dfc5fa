import { expect, test } from 'vitest';
import { METRICS } from '#contracts/metrics.ts';
import { formatQuantity, unitSymbol } from './quantity.ts';
import { formatDistance, formatTime } from './times.ts';

test('readings carry the unit that people write', () => {
  expect(formatQuantity(13.24, 'Cel', 'en')).toBe('13.2 °C');
  expect(formatQuantity(812, 'kPa', 'zh-CN')).toBe('812 kPa');
  expect(formatQuantity(55.4, '%', 'en')).toBe('55 %');
  expect(formatQuantity(920, '/min', 'en')).toBe('920 r/min');
  expect(formatQuantity(12_345, '{count}', 'en')).toBe('12,345');
});

test('a kilowatt and more is given in kW', () => {
  expect(formatQuantity(999, 'W', 'en')).toBe('999 W');
  expect(formatQuantity(2_310, 'W', 'en')).toBe('2.31 kW');
});

test('no metric shows a raw unit code', () => {
  const codes = new Set(Object.values(METRICS).flatMap((metrics) => metrics.map(({ unit }) => unit)));
  for (const code of codes) expect(unitSymbol(code), code).not.toMatch(/[{}[\]]|Cel|\./);
});

test('a time of today needs no date, an older one has it', () => {
  const noon = new Date(2026, 8, 21, 12, 0, 0).getTime();
  expect(formatTime(noon - 60_000, noon, 'en')).toBe('11:59:00');
  expect(formatTime(noon - 86_400_000, noon, 'en')).toContain('20');
  expect(formatTime(noon - 86_400_000, noon, 'zh-CN')).toContain('9月20日');
  expect(formatTime(noon - 86_400_000, noon, 'en')).not.toContain('2026');
  expect(formatTime(noon - 366 * 86_400_000, noon, 'en')).toContain('2025');
});

test('distances are told in the largest unit that fits, past and future', () => {
  expect(formatDistance(0, 5_000, 'en')).toBe('5 sec. ago');
  expect(formatDistance(0, 7_200_000, 'en')).toBe('2 hr. ago');
  expect(formatDistance(86_400_000 * 12, 0, 'zh-CN')).toBe('12天后');
});
