import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AftercareError } from '#platform/errors.ts';
import { PROGRAM_PID } from './children.ts';

/** Servers of others that contenders need; from Debian. */
export const PROGRAMS = {
  influxd: { file: '/usr/bin/influxd', packageName: 'influxdb' },
  mosquitto: { file: '/usr/sbin/mosquitto', packageName: 'mosquitto' },
} as const;

/** Whether it is installed. */
export const hasProgram = (name: keyof typeof PROGRAMS): boolean => existsSync(PROGRAMS[name].file);

/** A program that runs until it is stopped, or we end. */
export interface Program {
  readonly pid: number;
  /** Whether it has ended by itself. */
  readonly hasEnded: boolean;
  /** Ends it at once, as a crash would. */
  stop(): Promise<void>;
}

interface Run {
  readonly command: string;
  readonly args: readonly string[];
  /** Below a folder of the benchmark: its process id is noted there, for the next run to clear. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startProgram({ command, args, folder, env }: Run): Promise<Program> {
  await mkdir(folder, { recursive: true });
  const child: ChildProcess = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn').catch((error: unknown) => {
    throw new AftercareError('BENCH_PROGRAM_MISSING', `${command} does not start (${String(error)})`);
  });
  const { pid = 0 } = child;
  await writeFile(join(folder, PROGRAM_PID), `${pid}\n`);
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    get hasEnded() {
      return hasEnded();
    },
    async stop() {
      process.removeListener('exit', kill);
      if (hasEnded()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
