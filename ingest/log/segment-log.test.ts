import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { LogRecord } from './records.ts';
import { openSegmentLog, type SegmentLog } from './segment-log.ts';

const log = pino({ level: 'silent' });

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'aftercare-log-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function openAt(folder: string, maxBytes = 100_000_000): Promise<SegmentLog> {
  return openSegmentLog({ folder, maxBytes, minSequence: 1 }, log);
}

async function readAll(segments: SegmentLog, from = 1): Promise<LogRecord[]> {
  await using records = segments.read(from);
  const found: LogRecord[] = [];
  for (let record = await records.next(); record !== null; record = await records.next()) found.push(record);
  return found;
}

async function lastSegment(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  return join(folder, names.at(-1) ?? '');
}

test('batches come back in order, byte for byte, after a reopen', async () => {
  await using place = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), { maxLength: 20 }),
      async (batches) => {
        const folder = await mkdtemp(join(place.folder, 'run-'));
        {
          await using segments = await openAt(folder);
          for (const batch of batches) await segments.append(Buffer.from(batch), 1);
        }
        await using again = await openAt(folder);
        const found = await readAll(again);
        expect(found.map((record) => record.payload)).toEqual(batches.map((batch) => Buffer.from(batch)));
        expect(found.map((record) => record.sequence)).toEqual(batches.map((_, index) => index + 1));
      },
    ),
    { numRuns: 20 },
  );
});

test('a cursor that reached the end goes on with what is committed after it, half-written leavings or not', async () => {
  await using place = await temporaryFolder();
  await using segments = await openAt(place.folder);
  await segments.append(Buffer.alloc(1_000, 1), 1);
  await using records = segments.read(1);
  expect((await records.next())?.sequence).toBe(1);
  await segments.append(Buffer.alloc(1_000, 2), 1);
  const path = await lastSegment(place.folder);
  const whole = await readFile(path);
  await truncate(path, whole.length - 500);
  expect(await records.next()).toBeNull();
  await writeFile(path, whole);
  expect((await records.next())?.payload).toEqual(Buffer.alloc(1_000, 2));
  await segments.append(Buffer.alloc(3_000_000, 3), 1);
  await segments.append(Buffer.alloc(10, 4), 1);
  expect((await records.next())?.payload.equals(Buffer.alloc(3_000_000, 3))).toBe(true);
  expect((await records.next())?.payload).toEqual(Buffer.alloc(10, 4));
  expect(await records.next()).toBeNull();
});

test('a torn tail is cut off at open and every whole batch before it is kept', async () => {
  await using place = await temporaryFolder();
  {
    await using segments = await openAt(place.folder);
    for (let n = 0; n < 5; n++) await segments.append(Buffer.alloc(1_000, n), 1);
  }
  const path = await lastSegment(place.folder);
  await truncate(path, (await stat(path)).size - 300);
  await using again = await openAt(place.folder);
  expect(again.repairedBytes).toBe(724);
  expect(again.nextSequence).toBe(5);
  await again.append(Buffer.from('after'), 1);
  expect((await readAll(again)).map((record) => record.payload.length)).toEqual([
    1_000, 1_000, 1_000, 1_000, 5,
  ]);
});

test('rubbish behind the last batch is cut off at open', async () => {
  await using place = await temporaryFolder();
  {
    await using segments = await openAt(place.folder);
    await segments.append(Buffer.from('kept'), 1);
  }
  await writeFile(await lastSegment(place.folder), Buffer.alloc(500, 7), { flag: 'a' });
  await using again = await openAt(place.folder);
  expect(again.repairedBytes).toBe(500);
  expect((await readAll(again)).map((record) => String(record.payload))).toEqual(['kept']);
});

test('past its bound the log refuses, and takes again once it is trimmed', async () => {
  await using place = await temporaryFolder();
  await using segments = await openAt(place.folder, 9_000_000);
  const megabyte = Buffer.alloc(1_000_000);
  for (let n = 0; n < 8; n++) await segments.append(megabyte, 1);
  await expect(segments.append(megabyte, 1)).rejects.toMatchObject({ code: 'INGEST_LOG_FULL' });
  await segments.trim(5);
  await segments.append(megabyte, 1);
  const kept = (await readAll(segments)).map((record) => record.sequence);
  expect(kept.at(-1)).toBe(9);
  expect(kept).toContain(5);
});

test('a reader that starts in the middle and waits at the end sees what is appended later', async () => {
  await using place = await temporaryFolder();
  await using segments = await openAt(place.folder);
  for (const text of ['a', 'b', 'c']) await segments.append(Buffer.from(text), 1);
  await using records = segments.read(2);
  expect(String((await records.next())?.payload)).toBe('b');
  expect(String((await records.next())?.payload)).toBe('c');
  expect(await records.next()).toBeNull();
  await segments.append(Buffer.from('d'), 1);
  expect(String((await records.next())?.payload)).toBe('d');
});

test('sequences never go below what was checkpointed, even if the folder was lost', async () => {
  await using place = await temporaryFolder();
  await using segments = await openSegmentLog({ folder: place.folder, maxBytes: 1e8, minSequence: 42 }, log);
  expect(await segments.append(Buffer.from('x'), 1)).toBe(42);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is one clear error', async () => {
  await using place = await temporaryFolder();
  await chmod(place.folder, 0o500);
  await expect(openAt(join(place.folder, 'log'))).rejects.toMatchObject({ code: 'INGEST_LOG_UNWRITABLE' });
});

test('a path that is a file is one clear error that names the folder', async () => {
  await using place = await temporaryFolder();
  await writeFile(join(place.folder, 'log'), '');
  await expect(openAt(join(place.folder, 'log'))).rejects.toThrow(
    /cannot write the durable log in .*DATA_DIR/,
  );
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!canMount)(
  'a full disk fails the append, keeps what was committed, and recovers when there is room',
  async () => {
    await using place = await temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', place.folder]);
    try {
      const ballast = join(place.folder, 'ballast');
      await writeFile(ballast, Buffer.alloc(3_000_000));
      await using segments = await openAt(join(place.folder, 'log'));
      await segments.append(Buffer.alloc(500_000, 1), 1);
      await expect(segments.append(Buffer.alloc(900_000, 2), 1)).rejects.toMatchObject({
        code: 'INGEST_LOG_UNWRITABLE',
      });
      await rm(ballast);
      await segments.append(Buffer.alloc(900_000, 3), 1);
      const found = await readAll(segments);
      expect(found.map((record) => record.payload[0])).toEqual([1, 3]);
      expect(found.map((record) => record.sequence)).toEqual([1, 2]);
    } finally {
      execFileSync('umount', ['-l', place.folder]);
    }
  },
);
