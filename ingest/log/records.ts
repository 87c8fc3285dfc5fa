import { type FileHandle, open } from 'node:fs/promises';
import { decodeHeader, HEADER_BYTES, isIntact } from './record.ts';
import type { Segment } from './segment-log.ts';

export interface LogRecord {
  readonly sequence: number;
  readonly messages: number;
  readonly payload: Buffer;
}

/** A cursor over the log. `next` gives null where nothing more is committed; call again later. */
export interface Records extends AsyncDisposable {
  next(): Promise<LogRecord | null>;
}

interface RecordsOptions {
  readonly segments: () => readonly Segment[];
  readonly fromSequence: number;
  readonly endSequence: () => number;
}

const READ_AHEAD_BYTES = 1_048_576;
const NOTHING = Buffer.alloc(0);

/**
 * Reads records in order. A segment's damaged rest is skipped: what was committed after a failed write stands in
 * the segment behind it.
 */
export function openRecords({ segments, fromSequence, endSequence }: RecordsOptions): Records {
  let wanted = fromSequence;
  let file: FileHandle | null = null;
  let current: Segment | undefined;
  let offset = 0;
  /** What was read ahead of the cursor, from `windowStart` of the file on. */
  let window = NOTHING;
  let windowStart = 0;

  async function enter(segment: Segment): Promise<void> {
    await file?.close();
    file = await open(segment.path, 'r');
    current = segment;
    offset = 0;
    window = NOTHING;
  }

  function segmentAfter(): Segment | undefined {
    if (current === undefined) {
      return segments().findLast((segment) => segment.firstSequence <= wanted) ?? segments()[0];
    }
    const behind = current.firstSequence;
    return segments().find((segment) => segment.firstSequence > behind);
  }

  async function readAt(from: FileHandle, position: number, length: number): Promise<Buffer | null> {
    const start = position - windowStart;
    if (start < 0 || start + length > window.length) {
      const bytes = Buffer.allocUnsafe(Math.max(length, READ_AHEAD_BYTES));
      const { bytesRead } = await from.read(bytes, 0, bytes.length, position);
      window = bytes.subarray(0, bytesRead);
      windowStart = position;
    }
    const at = position - windowStart;
    return at + length <= window.length ? window.subarray(at, at + length) : null;
  }

  /** The record at the cursor, or null where the segment holds no further whole one. */
  async function readRecord(from: FileHandle): Promise<LogRecord | null> {
    const headerBytes = await readAt(from, offset, HEADER_BYTES);
    const header = headerBytes === null ? undefined : decodeHeader(headerBytes);
    if (headerBytes === null || header === undefined) return null;
    const payload = await readAt(from, offset + HEADER_BYTES, header.length);
    if (payload === null || !isIntact(headerBytes, payload)) return null;
    offset += HEADER_BYTES + header.length;
    return { sequence: header.sequence, messages: header.messages, payload };
  }

  /** What was read ahead may have been read while it was being written: only the file itself tells an end. */
  async function recordHere(): Promise<LogRecord | null> {
    if (file === null) return null;
    const record = await readRecord(file);
    if (record !== null) return record;
    window = NOTHING;
    return readRecord(file);
  }

  return {
    async next() {
      while (wanted < endSequence()) {
        const record = await recordHere();
        if (record === null) {
          const segment = segmentAfter();
          if (segment === undefined) return null;
          await enter(segment);
        } else if (record.sequence >= wanted) {
          wanted = record.sequence + 1;
          return record;
        }
      }
      return null;
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
      file = null;
    },
  };
}
