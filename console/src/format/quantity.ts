interface UnitForm {
  readonly symbol: string;
  readonly digits: number;
}

/** How people write a UCUM unit, and how many decimals a reading in it is worth. */
const UNITS: Readonly<Record<string, UnitForm>> = {
  '1': { symbol: '', digits: 0 },
  Cel: { symbol: '°C', digits: 1 },
  K: { symbol: 'K', digits: 1 },
  '%': { symbol: '%', digits: 0 },
  kPa: { symbol: 'kPa', digits: 0 },
  Pa: { symbol: 'Pa', digits: 0 },
  Hz: { symbol: 'Hz', digits: 0 },
  A: { symbol: 'A', digits: 2 },
  V: { symbol: 'V', digits: 0 },
  W: { symbol: 'W', digits: 0 },
  kW: { symbol: 'kW', digits: 2 },
  'kW.h': { symbol: 'kWh', digits: 1 },
  kOhm: { symbol: 'kΩ', digits: 0 },
  'mK/A2': { symbol: 'mK/A²', digits: 2 },
  h: { symbol: 'h', digits: 0 },
  '/min': { symbol: 'r/min', digits: 0 },
  'mm/s': { symbol: 'mm/s', digits: 2 },
  'dB[mW]': { symbol: 'dBm', digits: 0 },
  '{step}': { symbol: '', digits: 0 },
  '{count}': { symbol: '', digits: 0 },
};

export function unitSymbol(ucum: string): string {
  return UNITS[ucum]?.symbol ?? ucum;
}

const formats = new Map<string, Intl.NumberFormat>();

export function formatNumber(value: number, digits: number, language: string): string {
  const key = `${language} ${digits}`;
  const format =
    formats.get(key) ??
    new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(key, format);
  return format.format(value);
}

/** A reading with its unit; a kilowatt and more is given in kW. */
export function formatQuantity(value: number, ucum: string, language: string): string {
  if (ucum === 'W' && Math.abs(value) >= 1_000) return formatQuantity(value / 1_000, 'kW', language);
  const { symbol, digits } = UNITS[ucum] ?? { symbol: ucum, digits: 1 };
  const number = formatNumber(value, digits, language);
  return symbol === '' ? number : `${number} ${symbol}`;
}
