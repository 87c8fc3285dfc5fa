/** What a scan found: `ok`, or that the connection must go. */
export type ScanVerdict = 'ok' | 'too_large' | 'malformed';

/**
 * Follows MQTT control packets through a byte stream without keeping any of it: only fixed headers are read, so
 * a packet over the limit is known from its first bytes.
 */
export interface FrameScanner {
  /** Where in the last chunk scanned a whole PINGREQ (two bytes) begins. */
  readonly pings: readonly number[];
  /** Scans `chunk` from `from` on; the scanner remembers where in a packet the chunk ended. */
  scan(chunk: Uint8Array, from: number): ScanVerdict;
}

const PINGREQ = 0xc0;
const NO_HEADER = -1;
const LAST_SHIFT = 21;

/** `limit` is the largest remaining length let through, `firstLimit` the same for the first packet. */
export function createFrameScanner(limit: number, firstLimit: number): FrameScanner {
  const pings: number[] = [];
  let allowed = firstLimit;
  let header = NO_HEADER;
  let headerAt = 0;
  let length = 0;
  let shift = 0;
  let skip = 0;

  const readLength = (byte: number): ScanVerdict | 'more' => {
    length |= (byte & 0x7f) << shift;
    if (byte >= 0x80) {
      if (shift === LAST_SHIFT) return 'malformed';
      shift += 7;
      return 'more';
    }
    return length > allowed ? 'too_large' : 'ok';
  };

  const endHeader = () => {
    if (header === PINGREQ && length === 0 && headerAt >= 0) pings.push(headerAt);
    skip = length;
    allowed = limit;
    header = NO_HEADER;
    length = 0;
    shift = 0;
  };

  const readHeader = (byte: number, at: number): ScanVerdict => {
    if (header === NO_HEADER) {
      header = byte;
      headerAt = at;
      return 'ok';
    }
    const verdict = readLength(byte);
    if (verdict === 'ok') endHeader();
    return verdict === 'more' ? 'ok' : verdict;
  };

  const scan = (chunk: Uint8Array, from: number): ScanVerdict => {
    pings.length = 0;
    headerAt = NO_HEADER;
    let at = from;
    while (at < chunk.length) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at);
        skip -= step;
        at += step;
      } else {
        const verdict = readHeader(chunk[at] ?? 0, at);
        if (verdict !== 'ok') return verdict;
        at += 1;
      }
    }
    return 'ok';
  };

  return { pings, scan };
}
