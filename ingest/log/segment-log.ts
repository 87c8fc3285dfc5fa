import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '#platform/log.ts';
import { logFull, logUnwritable, shortWrite } from '../errors.ts';
import { encodeHeader, HEADER_BYTES } from './record.ts';
import { openRecords, type Records } from './records.ts';

export interface SegmentLogOptions {
  readonly folder: string;
  /** Bytes that all segments together may take. */
  readonly maxBytes: number;
  /** The first sequence of a log that is empty: above everything ever checkpointed. */
  readonly minSequence: number;
}

export interface Segment {
  readonly firstSequence: number;
  readonly path: string;
  bytes: number;
}

/**
 * Append-only log of batches on disk. `append` resolves after fdatasync: what it resolved for survives kill -9
 * and power loss. One append at a time. A write that fails leaves the log as it was; the next one tries again.
 */
export interface SegmentLog extends AsyncDisposable {
  readonly nextSequence: number;
  readonly bytes: number;
  /** Bytes of a torn tail that were cut off at open. */
  readonly repairedBytes: number;
  append(payload: Buffer, messages: number): Promise<number>;
  /** Records from a sequence on, up to what is committed at each call of `next`. */
  read(fromSequence: number): Records;
  /** Deletes the segments that hold nothing at or after the sequence. */
  trim(beforeSequence: number): Promise<void>;
}

const SEGMENT_SUFFIX = '.log';

function segmentPath(folder: string, firstSequence: number): string {
  return join(folder, `${String(firstSequence).padStart(16, '0')}${SEGMENT_SUFFIX}`);
}

async function listSegments(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SEGMENT_SUFFIX)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { firstSequence: Number.parseInt(name, 10), path, bytes: (await stat(path)).size };
    }),
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Length of the intact part of a segment, and the sequence that follows it. */
async function scan(segment: Segment): Promise<{ bytes: number; nextSequence: number }> {
  await using records = openRecords({
    segments: () => [segment],
    fromSequence: segment.firstSequence,
    endSequence: () => Number.MAX_SAFE_INTEGER,
  });
  let bytes = 0;
  let nextSequence = segment.firstSequence;
  for (let record = await records.next(); record !== null; record = await records.next()) {
    bytes += HEADER_BYTES + record.payload.length;
    nextSequence = record.sequence + 1;
  }
  return { bytes, nextSequence };
}

/** Cuts the torn tail of the last segment: what was written but never acknowledged. */
async function repairTail(segments: Segment[], log: Logger): Promise<{ nextSequence: number; cut: number }> {
  const last = segments.at(-1);
  if (last === undefined) return { nextSequence: 1, cut: 0 };
  const intact = await scan(last);
  const cut = last.bytes - intact.bytes;
  if (cut > 0) {
    log.warn({ path: last.path, bytes: cut }, 'torn tail of the durable log cut off');
    const handle = await open(last.path, 'r+');
    await handle.truncate(intact.bytes);
    await handle.sync();
    await handle.close();
    last.bytes = intact.bytes;
  }
  return { nextSequence: intact.nextSequence, cut };
}

/** Opens the log in its folder, cutting a torn tail. One process per folder. */
export async function openSegmentLog(options: SegmentLogOptions, log: Logger): Promise<SegmentLog> {
  const { folder, maxBytes } = options;
  const segmentBytes = Math.max(1_048_576, Math.min(67_108_864, Math.floor(maxBytes / 8)));
  let segments: Segment[];
  let repaired: { nextSequence: number; cut: number };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    segments = await listSegments(folder);
    repaired = await repairTail(segments, log);
    const probe = await open(join(folder, '.writable'), 'w', 0o600);
    await probe.close();
  } catch (error) {
    throw logUnwritable(folder, error);
  }
  let nextSequence = Math.max(repaired.nextSequence, options.minSequence);
  let handle: FileHandle | null = null;
  let totalBytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);

  async function activeSegment(): Promise<{ segment: Segment; file: FileHandle }> {
    const last = segments.at(-1);
    if (handle !== null && last !== undefined && last.bytes < segmentBytes)
      return { segment: last, file: handle };
    await handle?.close();
    handle = null;
    const isRoll = last === undefined || last.bytes > 0;
    const segment = isRoll
      ? { firstSequence: nextSequence, path: segmentPath(folder, nextSequence), bytes: 0 }
      : last;
    handle = await open(segment.path, isRoll ? 'wx' : 'r+', 0o600);
    if (isRoll) {
      segments.push(segment);
      await syncFolder(folder);
    }
    return { segment, file: handle };
  }

  /**
   * After a failed write: cuts what it left and forgets the handle, so that the next append starts a segment of
   * its own. Where it cannot be cut its sequence is not used again, lest the leavings pass for the next batch.
   */
  async function abandon(): Promise<void> {
    const last = segments.at(-1);
    const failed = handle;
    handle = null;
    if (failed === null || last === undefined) return;
    try {
      await failed.truncate(last.bytes);
      await failed.close();
    } catch (error) {
      nextSequence += 1;
      log.warn({ err: error }, 'the tail of a failed log write could not be cut');
    }
  }

  return {
    get nextSequence() {
      return nextSequence;
    },
    get bytes() {
      return totalBytes;
    },
    repairedBytes: repaired.cut,
    async append(payload, messages) {
      const size = HEADER_BYTES + payload.length;
      if (totalBytes + size > maxBytes) throw logFull(maxBytes);
      const sequence = nextSequence;
      try {
        const { segment, file } = await activeSegment();
        const header = encodeHeader(sequence, messages, payload);
        const { bytesWritten } = await file.writev([header, payload], segment.bytes);
        if (bytesWritten < size) throw shortWrite(bytesWritten, size);
        await file.datasync();
        segment.bytes += size;
      } catch (error) {
        await abandon();
        throw logUnwritable(folder, error);
      }
      totalBytes += size;
      nextSequence = sequence + 1;
      return sequence;
    },
    read: (fromSequence) =>
      openRecords({ segments: () => segments, fromSequence, endSequence: () => nextSequence }),
    async trim(beforeSequence) {
      while (segments.length > 1 && (segments[1]?.firstSequence ?? 0) <= beforeSequence) {
        const [oldest] = segments;
        if (oldest === undefined) return;
        await rm(oldest.path, { force: true });
        segments.shift();
        totalBytes -= oldest.bytes;
      }
    },
    async [Symbol.asyncDispose]() {
      await handle?.close();
      handle = null;
    },
  };
}
