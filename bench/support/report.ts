/** Progress, for the person who watches: standard output is for the result. */
export function say(line: string): void {
  console.error(line);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The least value that so many percent of all do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** What a benchmark gives: the keys that scripts read, and what was not as it must be. */
export interface Outcome {
  readonly result: Readonly<Record<string, unknown>>;
  readonly failures: readonly string[];
}

function isRows(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null);
}

/** The result as text for people. */
export function printOutcome({ result }: Outcome): void {
  for (const [key, value] of Object.entries(result)) {
    if (isRows(value)) {
      console.log(`${key}:`);
      console.table(value);
    } else {
      console.log(`${key.padEnd(20)} ${JSON.stringify(value)}`);
    }
  }
}
