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

function widthOf(integer: number): number {
  if (integer < 10) return 1;
  if (integer < 100) return 2;
  if (integer < 1_000) return 3;
  let width = 4;
  for (let limit = 10_000; limit <= integer; limit *= 10) width += 1;
  return width;
}

/** The last `width` digits of an integer, leading zeros included, up to the position `end`. */
function putDigits(into: Uint8Array, end: number, [integer, width]: readonly [number, number]): void {
  let rest = integer;
  for (let digit = end - 1; digit >= end - width; digit--) {
    const tens = (rest / 10) | 0;
    into[digit] = ZERO + rest - tens * 10;
    rest = tens;
  }
}

function putWhole(into: Uint8Array, at: number, integer: number): number {
  const end = at + widthOf(integer);
  let rest = integer;
  for (let digit = end - 1; digit >= at; digit--) {
    const tens = (rest / 10) | 0;
    into[digit] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return end;
}

/** So many thousandths, without trailing zeros. */
function putThousandths(into: Uint8Array, at: number, scaled: number): number {
  const whole = (scaled / 1_000) | 0;
  const fraction = scaled - whole * 1_000;
  const position = putWhole(into, at, whole);
  if (fraction === 0) return position;
  const tenths = (fraction / 100) | 0;
  const rest = fraction - tenths * 100;
  const hundredths = (rest / 10) | 0;
  const last = rest - hundredths * 10;
  into[position] = POINT;
  into[position + 1] = ZERO + tenths;
  if (rest === 0) return position + 2;
  into[position + 2] = ZERO + hundredths;
  if (last === 0) return position + 3;
  into[position + 3] = ZERO + last;
  return position + 4;
}

function putMillionths(into: Uint8Array, at: number, scaled: number): number {
  const whole = (scaled / MILLION) | 0;
  const position = putWhole(into, at, whole);
  into[position] = POINT;
  let end = position + 7;
  putDigits(into, end, [scaled - whole * MILLION, 6]);
  while (into[end - 1] === ZERO) end -= 1;
  return end;
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
    if (scaled / 1_000 === size) return putThousandths(into, position, scaled);
    if (size < MILLIONTHS_BELOW) {
      const finer = (size * MILLION + 0.5) | 0;
      if (finer / MILLION === size) return putMillionths(into, position, finer);
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
  const end = putWhole(into, at, high) + 6;
  putDigits(into, end, [low, 6]);
  return end;
}
