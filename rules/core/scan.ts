import { CELLS_PER_ROW, type CompiledRule, type ConditionView } from './compiled-rule.ts';
import { hoursUntil } from './trend.ts';

/** Where a scan works: which row at what time, its marks, and room for what it finds. */
export interface ScanSite {
  readonly view: ConditionView;
  /** Marks of all rows, and where those of the row begin. */
  marks: Uint8Array;
  first: number;
  row: number;
  nowMs: number;
  readonly found: Int32Array;
}

/**
 * Puts into `found` the rules that must be evaluated one by one, in rule order, and returns how many: those that
 * are not quiet, and those whose condition is true. What a scan leaves out would have changed nothing.
 */
export type Scan = (site: ScanSite) => number;

/** Most rules of one fused scan. */
export const LARGEST_FUSED = 512;

/** One function for all those rules: values are read and checked for their age once. */
export function fuseScan(compiled: readonly CompiledRule[], rules: Int32Array): Scan {
  const declarations = new Set<string>();
  const tests: string[] = [];
  for (const index of rules) {
    const scan = compiled[index]?.scan;
    if (scan === undefined) continue;
    for (const line of scan.declarations) declarations.add(line);
    tests.push(`if (marks[first + ${index}] !== 0 || ${scan.test}) found[n++] = ${index};`);
  }
  const body = [
    'const c = s.view, row = s.row, now = s.nowMs, marks = s.marks, first = s.first, found = s.found;',
    `const d = c.cells, b = row * ${CELLS_PER_ROW};`,
    ...declarations,
    'let n = 0;',
    ...tests,
    'return n;',
  ].join('\n');
  const make = new Function('hoursUntil', `return (s) => {\n${body}\n};`) as (
    helper: typeof hoursUntil,
  ) => Scan;
  return make(hoursUntil);
}
