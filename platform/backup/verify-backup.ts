import { createHash } from 'node:crypto';
import {
  corrupt,
  type Frame,
  Header,
  readFrames,
  readJson,
  TableEnd,
  TableStart,
  Trailer,
} from './backup-file.ts';

/** Reads the whole file and resolves with its header when every part and checksum is right; else BACKUP_CORRUPT. */
export async function verifyBackup(file: string): Promise<Header> {
  const frames = readFrames(file);
  return verify(frames).finally(() => frames.return(undefined));
}

async function verify(frames: AsyncGenerator<Frame>): Promise<Header> {
  const header = readJson(await nextFrame(frames), 'H', Header);
  let tables = 0;
  let frame = await nextFrame(frames);
  for (; frame.kind === 'T'; frame = await nextFrame(frames)) {
    await verifyTable(frames, readJson(frame, 'T', TableStart).table);
    tables += 1;
  }
  if (readJson(frame, 'Z', Trailer).tables !== tables) throw corrupt('a table is missing');
  if (!(await frames.next()).done) throw corrupt('something follows its end');
  return header;
}

/** The next part; BACKUP_CORRUPT when there is none. */
export async function nextFrame(frames: AsyncGenerator<Frame>): Promise<Frame> {
  const { value, done } = await frames.next();
  if (done || value === undefined) throw corrupt('it ends too early');
  return value;
}

async function verifyTable(frames: AsyncGenerator<Frame>, table: string): Promise<void> {
  const hash = createHash('sha256');
  let frame = await nextFrame(frames);
  for (; frame.kind === 'D'; frame = await nextFrame(frames)) hash.update(frame.payload);
  const { sha256 } = readJson(frame, 'E', TableEnd);
  if (sha256 !== hash.digest('hex')) throw corrupt(`the checksum of ${table} differs`);
}
