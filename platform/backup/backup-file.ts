import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { pipeline as pipelineAsync } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { AftercareError } from '../errors.ts';

export const FORMAT = 'aftercare-backup';
export const FORMAT_VERSION = 1;

const Partition = Type.Object({ name: Type.String(), definition: Type.String() });

/** First in the file: what it is, and what a database must look like before the tables can be loaded. */
export const Header = Type.Object({
  format: Type.Literal(FORMAT),
  version: Type.Integer(),
  createdAt: Type.String(),
  migrations: Type.Array(Type.String()),
  partitions: Type.Array(Partition, { description: 'parents before children' }),
  secretKey: Type.Union([Type.String(), Type.Null()], { description: 'base64 of the key file' }),
});
export type Header = Static<typeof Header>;

export const TableStart = Type.Object({ table: Type.String(), columns: Type.Array(Type.String()) });
export type TableStart = Static<typeof TableStart>;

export const TableEnd = Type.Object({ rows: Type.Integer(), sha256: Type.String() });
export type TableEnd = Static<typeof TableEnd>;

const Sequence = Type.Object({ name: Type.String(), value: Type.String(), called: Type.Boolean() });

/** Last in the file; a file without it is torn. */
export const Trailer = Type.Object({ tables: Type.Integer(), sequences: Type.Array(Sequence) });
export type Trailer = Static<typeof Trailer>;

/** A gzipped run of these: H, then T D… E for each table, then Z. D holds COPY text, the others JSON. */
export interface Frame {
  readonly kind: 'H' | 'T' | 'D' | 'E' | 'Z';
  readonly payload: Buffer;
}

const HEAD_BYTES = 5;
export const FRAME_MAX_BYTES = 1024 * 1024;

export function jsonFrame(kind: Frame['kind'], value: unknown): Frame {
  return { kind, payload: Buffer.from(JSON.stringify(value)) };
}

/** The frame's JSON, checked; throws BACKUP_CORRUPT for anything else. */
export function readJson<T extends TSchema>(frame: Frame, kind: Frame['kind'], schema: T): Static<T> {
  const value = frame.kind === kind ? parse(frame.payload) : undefined;
  if (Compile(schema).Check(value)) return value;
  throw corrupt(`a part of kind ${kind} was expected`);
}

export function corrupt(what: string, cause?: unknown): AftercareError {
  return new AftercareError(
    'BACKUP_CORRUPT',
    `the backup file is damaged or cut off (${what}): use another`,
    {
      kind: 'invalid',
      cause,
    },
  );
}

/** Writes the file, readable by its owner only, and has it on the disk when it resolves. */
export async function writeFrames(file: string, frames: AsyncIterable<Frame>): Promise<void> {
  const out = createWriteStream(file, { mode: 0o600, flush: true });
  await pipelineAsync(encode(frames), createGzip({ level: 4 }), out);
}

/** Reads them back; throws BACKUP_CORRUPT where the file stops making sense, BACKUP_FILE_UNREADABLE for no file. */
export async function* readFrames(file: string): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of pipeline(createReadStream(file), createGunzip(), () => undefined)) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      let size = frameBytes(rest);
      while (rest.length >= size) {
        yield { kind: kindOf(rest), payload: rest.subarray(HEAD_BYTES, size) };
        rest = rest.subarray(size);
        size = frameBytes(rest);
      }
    }
  } catch (error) {
    throw readFailure(file, error);
  }
  if (rest.length > 0) throw corrupt('it ends inside a part');
}

async function* encode(frames: AsyncIterable<Frame>): AsyncGenerator<Buffer> {
  for await (const { kind, payload } of frames) {
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(kind, 'latin1');
    head.writeUInt32BE(payload.length, 1);
    yield head;
    yield payload;
  }
}

function frameBytes(buffer: Buffer): number {
  if (buffer.length < HEAD_BYTES) return HEAD_BYTES;
  const length = buffer.readUInt32BE(1);
  if (length > FRAME_MAX_BYTES) throw corrupt('a part is larger than any we write');
  return HEAD_BYTES + length;
}

function kindOf(buffer: Buffer): Frame['kind'] {
  const kind = buffer.toString('latin1', 0, 1);
  if (kind === 'H' || kind === 'T' || kind === 'D' || kind === 'E' || kind === 'Z') return kind;
  throw corrupt('a part is of no kind we write');
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

function readFailure(file: string, error: unknown): AftercareError {
  if (error instanceof AftercareError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return corrupt(String(code ?? error), error);
  return new AftercareError('BACKUP_FILE_UNREADABLE', `the backup file ${file} cannot be read (${code})`, {
    kind: 'invalid',
    cause: error,
  });
}
