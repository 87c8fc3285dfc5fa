import { AftercareError } from '#platform/errors.ts';

export type Options = Readonly<Record<string, string | undefined>>;

/** A whole number given on the command line, at least `min`. */
export function wholeNumber(
  options: Options,
  name: string,
  { otherwise, min }: { otherwise: number; min: number },
): number {
  const given = options[name];
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= min) return value;
  throw new AftercareError(
    'BENCH_OPTION_INVALID',
    `--${name} takes a whole number from ${min} on, not ${given}`,
  );
}
