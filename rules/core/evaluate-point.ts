import { evaluateRule, evaluateRules } from './alarm-steps.ts';
import type { Lane } from './lane-state.ts';
import type { Touched } from './rule-group.ts';
import { fuseScan, LARGEST_FUSED, type ScanSite } from './scan.ts';

/** A touched list is fused after this many uses: shapes that come once are not worth it. */
const USES_BEFORE_FUSING = 16;
const MOST_SCANS = 128;

/** Evaluates the rules that a point concerns. The path that every point takes. */
export function evaluatePoint(lane: Lane, row: number, call: { touched: Touched; nowMs: number }): void {
  const { touched, nowMs } = call;
  const { rules } = touched;
  const { site, counts } = lane;
  if (touched.scan === undefined) {
    considerFusing(lane, row, touched);
    evaluateRules(lane, row, { rules, nowMs, isPoint: true });
    return;
  }
  site.marks = lane.marks;
  site.first = row * lane.raises.length;
  site.row = row;
  site.nowMs = nowMs;
  const count = tryScan(touched, site);
  if (count < 0) {
    evaluateRules(lane, row, { rules, nowMs, isPoint: true });
    return;
  }
  counts.evaluations += rules.length;
  if (count === 0) return;
  for (const rule of site.found.slice(0, count)) evaluateRule(lane, rule, { row, nowMs, isPoint: true });
}

/** A scan that throws is given up, and its rules run one by one so that the one at fault fails alone. */
function tryScan(touched: Touched, site: ScanSite): number {
  try {
    return touched.scan?.(site) ?? -1;
  } catch {
    touched.scan = undefined;
    touched.uses = Number.NEGATIVE_INFINITY;
    return -1;
  }
}

function considerFusing(lane: Lane, row: number, touched: Touched): void {
  const group = lane.groupOf[row];
  if (++touched.uses < USES_BEFORE_FUSING || group === undefined || group.scans >= MOST_SCANS) return;
  if (touched.rules.length > LARGEST_FUSED) return;
  group.scans++;
  touched.scan = fuseScan(lane.compiled, touched.rules);
}
