import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AftercareError } from '#platform/errors.ts';
import { isAlive } from '#platform/postgres/is-alive.ts';

export const PROJECT = resolve(import.meta.dirname, '../..');

/** Folders of benchmarks: on the disk of the project, as /tmp may be memory. Ignored by git. */
const WORK_DIR = join(PROJECT, 'data', 'bench');
const PREFIX = 'run-';

const groups = new Set<number>();
const folders = new Set<string>();

const POSTMASTER = join('cluster', 'postmaster.pid');
/** Where a program that we run below a folder notes its process id. */
export const PROGRAM_PID = 'program.pid';

/** Whether the process still is the one that was started for this folder. */
function runsFor(pid: number, folder: string): boolean {
  if (!(pid > 1) || !isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
  } catch {
    return false;
  }
}

/** Ends what runs below a folder, at once: there is no time for more when we end. */
function endServersIn(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (!name.endsWith(POSTMASTER) && !name.endsWith(PROGRAM_PID)) continue;
    const pid = Number(readFileSync(join(folder, name), 'utf8').split('\n')[0]);
    if (name.endsWith(PROGRAM_PID)) {
      if (runsFor(pid, folder)) process.kill(pid, 'SIGKILL');
    } else if (pid > 1 && isAlive(pid)) {
      process.kill(pid, 'SIGQUIT');
    }
  }
}

function removeFolder(folder: string): void {
  try {
    endServersIn(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  } catch (error) {
    console.error(`${folder} was not removed: ${String(error)}`);
  }
}

/** From here on whatever we started ends when we do, and so do the folders; a run that was killed is cleared. */
export async function guardChildren(): Promise<void> {
  process.once('exit', () => {
    for (const pid of groups) signalGroup(pid, 'SIGKILL');
    for (const folder of folders) removeFolder(folder);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  await mkdir(WORK_DIR, { recursive: true });
  for (const name of await readdir(WORK_DIR)) {
    const owner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (owner > 0 && !isAlive(owner)) removeFolder(join(WORK_DIR, name));
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A folder on the real disk, gone with its PostgreSQL when we end or it is disposed. */
export async function openFolder(): Promise<{ readonly path: string } & Disposable> {
  const path = await mkdtemp(join(WORK_DIR, `${PREFIX}${process.pid}-`));
  folders.add(path);
  return {
    path,
    [Symbol.dispose]: () => {
      folders.delete(path);
      removeFolder(path);
    },
  };
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where its standard output goes; `pipe` to read it. */
  readonly stdout?: 'ignore' | 'pipe';
  readonly ipc?: boolean;
}

/** A Node process of this project in a process group of its own, killed with us. */
export function spawnNode(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const { DATABASE_URL: _, SECRET_KEY: __, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: PROJECT,
    detached: true,
    env: { ...inherited, ...options.env },
    stdio: ['ignore', options.stdout ?? 'ignore', 'inherit', ...(options.ipc ? (['ipc'] as const) : [])],
    serialization: 'advanced',
  });
  const { pid } = child;
  if (pid !== undefined) {
    groups.add(pid);
    child.once('exit', () => groups.delete(pid));
  }
  return child;
}

/** Asks it to end and waits; after `graceMs` it is killed. */
export async function endChild(child: ChildProcess, graceMs = 30_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A part of this benchmark in a process of its own, which answers questions. */
export interface Part extends AsyncDisposable {
  readonly pid: number;
  ask<T>(question: string, data?: unknown): Promise<T>;
}

/** Starts one of the parts that `bench/main.ts` knows by that name. */
export function startPart(name: string): Part {
  const child = spawnNode(['bench/main.ts', '--part', name], { ipc: true });
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  child.on('message', (message) => {
    const { id, result, error } = message as Answer;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new AftercareError('BENCH_PART_FAILED', `${name}: ${error}`));
  });
  child.once('exit', (code, signal) => {
    const error = new AftercareError('BENCH_PART_ENDED', `${name} ended with ${signal ?? code}`);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    ask: <T>(question: string, data?: unknown) =>
      new Promise<T>((resolveAnswer, reject) => {
        const id = nextId;
        nextId += 1;
        waiting.set(id, { resolve: resolveAnswer as (result: unknown) => void, reject });
        child.send({ id, question, data });
      }),
    [Symbol.asyncDispose]: () => endChild(child),
  };
}

type Handlers = Readonly<Record<string, (data: never) => unknown>>;

/** The other side of a part: answers until it is told to end or its parent is gone, then runs `stop`. */
export function answer(handlers: Handlers, stop: () => Promise<void>): void {
  const end = () => {
    process.removeAllListeners('message');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('disconnect', end);
  process.on('message', ({ id, question, data }: { id: number; question: string; data: unknown }) => {
    const tell = (reply: Answer) => {
      if (process.connected) process.send?.(reply);
    };
    Promise.resolve()
      .then(() => handlers[question]?.(data as never))
      .then(
        (result) => tell({ id, result }),
        (error: unknown) => tell({ id, error: error instanceof Error ? (error.stack ?? '') : String(error) }),
      );
  });
}
