import type { AlarmTransition } from '#contracts/alarms.ts';
import type { Signal } from '#contracts/point-batch.ts';
import { acknowledge } from './alarm-steps.ts';
import type { EngineState } from './engine-state.ts';
import type { FaultPlace } from './fault-alarms.ts';
import { resolveRow } from './lane.ts';
import { offerFault, offerPresence, tick } from './lane-flow.ts';
import { resume } from './resume.ts';

/** What was received this much after it was observed is history. */
export const BACKFILL_MS = 600_000;

type Of<T extends Signal['type']> = Extract<Signal, { type: T }>;

/** What stands between points; transitions go to `out`. */
export function takeSignal(state: EngineState, signal: Signal, out: AlarmTransition[]): void {
  switch (signal.type) {
    case 'tick':
      takeTick(state, signal, out);
      return;
    case 'resume':
      for (const lane of state.lanes) resume(lane, signal.atMs);
      return;
    case 'presence':
      for (const lane of state.lanes) {
        const root = resolveRow(lane, { device: signal.device, component: '' }, state.faultsOf);
        offerPresence(lane, root, signal);
      }
      return;
    case 'fault':
      takeFault(state, signal, out);
      return;
    case 'fault_list':
      takeFaultList(state, signal, out);
      return;
    case 'acknowledge':
      takeAcknowledge(state, signal, out);
  }
}

/** Devices fall due in an order that restarts may change: what a tick brings is put in order of time. */
function takeTick({ lanes }: EngineState, { atMs }: Of<'tick'>, out: AlarmTransition[]): void {
  const first = out.length;
  for (const lane of lanes) tick(lane, atMs);
  if (out.length - first < 2) return;
  const ordered = out
    .splice(first)
    .map((transition, position) => ({ transition, position }))
    .sort(
      (a, b) =>
        a.transition.atMs - b.transition.atMs ||
        compareText(a.transition.key, b.transition.key) ||
        a.position - b.position,
    );
  for (const { transition } of ordered) out.push(transition);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function takeFault(state: EngineState, signal: Of<'fault'>, out: AlarmTransition[]): void {
  const { observedAtMs: atMs, receivedAtMs } = signal;
  const isHistory = receivedAtMs - atMs > BACKFILL_MS;
  if (isHistory) {
    const sinceMs = state.book.codesOf(signal.device.id, signal.component).get(signal.code);
    const endsIt = signal.state === 'cleared' && sinceMs !== undefined && atMs >= sinceMs;
    if (!endsIt) {
      state.counts.backfilled++;
      return;
    }
  }
  changeFault(
    state,
    { place: signal, isRaised: signal.state === 'raised', atMs, detail: signal.detail },
    out,
  );
}

/** History raises none; it ends what was raised before it. */
function takeFaultList(state: EngineState, signal: Of<'fault_list'>, out: AlarmTransition[]): void {
  const { device, component, observedAtMs: atMs } = signal;
  const isHistory = signal.receivedAtMs - atMs > BACKFILL_MS;
  if (isHistory) state.counts.backfilled++;
  const place = (code: string): FaultPlace => ({ device, component, code });
  const missing = [...state.book.codesOf(device.id, component)].filter(
    ([code, sinceMs]) => !signal.codes.includes(code) && !(isHistory && atMs < sinceMs),
  );
  for (const [code] of missing) changeFault(state, { place: place(code), isRaised: false, atMs }, out);
  if (isHistory) return;
  for (const code of signal.codes) changeFault(state, { place: place(code), isRaised: true, atMs }, out);
}

interface FaultChange {
  readonly place: FaultPlace;
  readonly isRaised: boolean;
  readonly atMs: number;
  readonly detail?: string | null;
}

/** A code belongs to the rules that name it; without one it opens an alarm of its own. */
function changeFault(state: EngineState, change: FaultChange, out: AlarmTransition[]): void {
  const { isRaised, atMs, detail = null } = change;
  const { device, component, code } = change.place;
  const place = { device, component, code };
  const codes = state.book.codesOf(device.id, component);
  if (codes.has(code) === isRaised) return;
  if (isRaised) codes.set(code, atMs);
  else codes.delete(code);
  let isClaimed = false;
  for (const lane of state.lanes) {
    const row = resolveRow(lane, { device, component }, state.faultsOf);
    if (lane.groupOf[row]?.faultRules.has(code) === true) isClaimed = true;
    offerFault(lane, row, { code, atMs });
  }
  const own = isRaised
    ? isClaimed
      ? []
      : state.book.raise(place, { atMs, detail })
    : state.book.clear(place, atMs);
  out.push(...own);
}

function takeAcknowledge(
  state: EngineState,
  { alarmKey, atMs }: Of<'acknowledge'>,
  out: AlarmTransition[],
): void {
  const ofFault = state.book.acknowledge(alarmKey, atMs);
  if (ofFault !== undefined) {
    out.push(...ofFault);
    return;
  }
  for (const lane of state.lanes) {
    const record = lane.open.get(alarmKey);
    if (record === undefined) continue;
    acknowledge(lane, record, atMs);
    return;
  }
  state.counts.stray++;
}
