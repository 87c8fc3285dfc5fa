import type { DeviceKind } from '#contracts/metrics.ts';
import type { Playbook } from '#contracts/playbooks.ts';

/** Why no remote repair is tried. */
export type Refusal =
  | 'safety'
  | 'no_playbook'
  | 'emergency'
  | 'no_device'
  | 'technician_on_site'
  | 'wrong_kind'
  | 'unit_suspended'
  | 'run_in_progress'
  | 'limit'
  | 'cool_down';

/** What is known of the fault before anything is asked of a database. */
interface FaultFacts {
  readonly isSafety: boolean;
  readonly isEmergency: boolean;
  readonly hasDevice: boolean;
  readonly playbook: Playbook | undefined;
}

/** What forbids any command to a unit, whichever of its faults a run is for. */
export interface UnitHazards {
  /** A fault that may hurt somebody is unfinished there, or stands. */
  readonly isInDanger: boolean;
  /** Somebody works there or is on the way. */
  readonly isAttended: boolean;
  readonly isInService: boolean;
}

/** What is known of its unit; runs are those of the same unit. */
export interface UnitFacts extends UnitHazards {
  readonly kind: DeviceKind | string;
  readonly isRunning: boolean;
  /** Starts of the family's runs, and when the last of them ended. */
  readonly startedAtMs: readonly number[];
  readonly lastEndedAtMs: number | null;
  readonly nowMs: number;
}

/**
 * Whether the fault's own nature forbids a remote repair. Danger comes first, whatever the playbook; an emergency
 * is not kept waiting for a device: somebody goes at once.
 */
export function refusalByFault({ isSafety, isEmergency, hasDevice, playbook }: FaultFacts): Refusal | null {
  if (isSafety) return 'safety';
  if (playbook === undefined) return 'no_playbook';
  if (isEmergency) return 'emergency';
  return hasDevice ? null : 'no_device';
}

/**
 * Whether the unit forbids it now: danger to people first, then wrong equipment, out of service, tried already, or
 * tried too lately.
 */
export function refusalByUnit(playbook: Playbook, unit: UnitFacts): Refusal | null {
  const { nowMs, lastEndedAtMs } = unit;
  if (unit.isInDanger) return 'safety';
  if (unit.isAttended) return 'technician_on_site';
  if (unit.kind !== playbook.kind) return 'wrong_kind';
  if (!unit.isInService) return 'unit_suspended';
  if (unit.isRunning) return 'run_in_progress';
  const inWindow = unit.startedAtMs.filter((ms) => ms > nowMs - playbook.windowMs);
  if (inWindow.length >= playbook.maxRuns) return 'limit';
  return lastEndedAtMs !== null && nowMs < lastEndedAtMs + playbook.coolDownMs ? 'cool_down' : null;
}

/** When limit and cool-down let the family's next run start. */
export function mayStartAgainMs(
  { maxRuns, windowMs, coolDownMs }: Playbook,
  { startedAtMs, lastEndedAtMs, nowMs }: Pick<UnitFacts, 'startedAtMs' | 'lastEndedAtMs' | 'nowMs'>,
): number {
  const inWindow = startedAtMs.filter((ms) => ms > nowMs - windowMs).sort((one, other) => one - other);
  const limiting = inWindow.at(-maxRuns);
  const allowedMs = limiting === undefined ? nowMs : limiting + windowMs;
  return Math.max(allowedMs, lastEndedAtMs === null ? nowMs : lastEndedAtMs + coolDownMs);
}
