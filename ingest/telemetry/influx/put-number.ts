const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const MILLION = 1_000_000;

/** Below this a value times a thousand is a small integer. */
const THOUSANDTHS_BELOW = 2_000_000;
/** Below this a value times a million is one. */
const MILLIONTHS_BELOW = 2_000;

export function putText(into: Uint8Array, at: number, text: Uint8Array): number {
  for (let from = 0; from < text.length; from++) into[at + from] = text[from] ?? 0;
  return at + text.length;
}

function putLatin(into: Uint8Array, at: number, text: string): number {
  for (let from = 0; from < text.length; from++) into[at + from] = text.charCodeAt(from);
  return at + text.length;
}

/** Digits of an integer, `width` of them, with leading zeros. */
function putFixed(into: Uint8Array, at: number, [integer, width]: readonly [number, number]): number {
  let rest = integer;
  for (let digit = at + width - 1; digit >= at; digit--) {
    const tens = (rest / 10) | 0;
    into[digit] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return at + width;
}

function widthOf(integer: number): number {
  let width = 1;
  for (let limit = 10; limit <= integer; limit *= 10) width += 1;
  return width;
}

function putWhole(into: Uint8Array, at: number, integer: number): number {
  let rest = integer;
  const end = at + widthOf(integer);
  for (let digit = end - 1; digit >= at; digit--) {
    const tens = (rest / 10) | 0;
    into[digit] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return end;
}

/** The digits of `scaled` / `scale` behind the point, without trailing zeros. */
function putFraction(into: Uint8Array, at: number, [fraction, scale]: readonly [number, number]): number {
  let rest = fraction;
  let unit = scale / 10;
  let position = at;
  into[position++] = POINT;
  while (rest > 0) {
    const digit = (rest / unit) | 0;
    into[position++] = ZERO + digit;
    rest -= digit * unit;
    unit = (unit / 10) | 0;
  }
  return position;
}

function putScaled(into: Uint8Array, at: number, [scaled, scale]: readonly [number, number]): number {
  const whole = (scaled / scale) | 0;
  const fraction = scaled - whole * scale;
  const position = putWhole(into, at, whole);
  return fraction === 0 ? position : putFraction(into, position, [fraction, scale]);
}

/**
 * Writes a finite double so that it reads back as the same double; gives the position behind it.
 *
 * `scaled / scale` is the double nearest to that decimal, which is how a reader rounds its digits: where it
 * equals the value, the digits of `scaled` stand for it.
 */
export function putDecimal(into: Uint8Array, at: number, value: number): number {
  let position = at;
  let size = value;
  if (value < 0) {
    into[position++] = MINUS;
    size = -value;
  }
  if (size < THOUSANDTHS_BELOW) {
    const scaled = (size * 1_000 + 0.5) | 0;
    if (scaled / 1_000 === size) return putScaled(into, position, [scaled, 1_000]);
    if (size < MILLIONTHS_BELOW) {
      const finer = (size * MILLION + 0.5) | 0;
      if (finer / MILLION === size) return putScaled(into, position, [finer, MILLION]);
    }
  }
  return putLatin(into, position, String(size));
}

/** Writes an instant in epoch ms; gives the position behind it. */
export function putTime(into: Uint8Array, at: number, ms: number): number {
  const high = Math.floor(ms / MILLION);
  const low = ms - high * MILLION;
  if (high < 1 || high > 1_000_000_000 || low !== (low | 0))
    return putLatin(into, at, String(Math.floor(ms)));
  return putFixed(into, putWhole(into, at, high), [low, 6]);
}
