import { type Logger, pino } from 'pino';

export type { Logger };

export interface LogConfig {
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

/** The process's logger; each folder takes a child with its name. Never logs a line a point. */
export function createLog({ level, format }: LogConfig): Logger {
  if (format === 'json') return pino({ level });
  return pino({
    level,
    transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' } },
  });
}
