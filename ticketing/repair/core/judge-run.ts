import { type CommandStatus, findCommand } from '#contracts/commands.ts';
import { connectorOf } from '#contracts/ocpp.ts';
import type { Playbook, RemoteOutcome } from '#contracts/playbooks.ts';

const MINUTE_MS = 60_000;

/** How a run waits for a charging session, for an answer that never comes, and after a failure of ours. */
export const RUN_POLICY = {
  sessionWaitMs: 30 * MINUTE_MS,
  sessionRecheckMs: 10_000,
  sessionRetryMs: 5 * MINUTE_MS,
  answerGraceMs: MINUTE_MS,
  longestMs: 2 * 60 * MINUTE_MS,
  againMs: 10_000,
} as const;

/** A step as it goes to one device. `args` null: the fault's component lacks what the step needs. */
export interface RunStep {
  readonly command: string;
  readonly args: Readonly<Record<string, string | number | boolean>> | null;
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly endsSession: boolean;
}

export interface Attempt {
  readonly step: number;
  readonly try: number;
  readonly status: CommandStatus | null;
  readonly detail: string | null;
  readonly queuedAtMs: number;
  /** When the status was last heard of. */
  readonly changedAtMs: number;
  readonly outcome: RemoteOutcome | null;
}

export interface RunFacts {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly steps: readonly RunStep[];
  /** In the order they were made. */
  readonly attempts: readonly Attempt[];
  readonly waitingSinceMs: number | null;
  /** Alarms of the ticket that stand. */
  readonly standingAlarms: number;
  /** A fault of the unit may hurt somebody. */
  readonly isInDanger: boolean;
  /** Somebody works at the unit or is on the way. */
  readonly isAttended: boolean;
  /** Neither suspended nor retired. */
  readonly isInService: boolean;
  readonly isCharging: boolean;
}

type RunFailure =
  | 'not_cured'
  | 'not_connected'
  | 'device_busy'
  | 'command_withdrawn'
  | 'session_running'
  | 'too_long';

type RunHazard = 'safety' | 'unit_suspended' | 'technician_on_site';

/** What to do with a run now. `judged` is what the attempt in hand came to, where that is known by now. */
export type RunDecision = { readonly judged: RemoteOutcome | null } & (
  | { readonly act: 'wait'; readonly untilMs: number; readonly waitingSinceMs: number | null }
  | { readonly act: 'send'; readonly step: number; readonly try: number }
  | { readonly act: 'skip'; readonly step: number }
  | { readonly act: 'cured' }
  | { readonly act: 'fail'; readonly reason: RunFailure }
  | { readonly act: 'abort'; readonly reason: 'self_cleared' | RunHazard }
);

/** A playbook's steps for a fault of that component. */
export function stepsFor(playbook: Playbook, component: string): readonly RunStep[] {
  const connector = connectorOf(component) ?? 0;
  return playbook.steps.map(({ command, args, settleMs }) => {
    const definition = findCommand(playbook.kind, command);
    const isPlaceless = connector === 0 && Object.values(args).includes('$connector');
    const own = Object.entries(args).map(([name, value]) => [
      name,
      value === '$connector' ? connector : value,
    ]);
    return {
      command,
      args: isPlaceless ? null : Object.fromEntries(own),
      settleMs,
      timeoutMs: definition?.timeoutMs ?? MINUTE_MS,
      endsSession: definition?.endsSession ?? true,
    };
  });
}

const REACHED: ReadonlySet<CommandStatus> = new Set(['sent', 'accepted', 'done', 'failed', 'timed_out']);

function hasReached({ status }: Attempt): boolean {
  return status !== null && REACHED.has(status);
}

/**
 * The next move of a run: each step in turn, each judged by whether the alarms return. Alarms that return before
 * any command has reached the device cleared by themselves: that is no cure. Danger, or a unit out of service, ends
 * a run at once; somebody at the unit ends it while a command waits to go out, or where a further one has its turn.
 */
export function judgeRun(facts: RunFacts): RunDecision {
  const last = facts.attempts.at(-1);
  if (facts.standingAlarms === 0) return afterReturn(facts.attempts);
  const hazard = hazardNow(facts, last);
  if (hazard !== null) return { act: 'abort', reason: hazard, judged: null };
  if (facts.nowMs >= facts.startedAtMs + RUN_POLICY.longestMs) {
    return { act: 'fail', reason: 'too_long', judged: null };
  }
  if (last === undefined) return tryStep(facts, { step: 0, try: 0 }, null);
  const verdict = last.outcome ?? judgeAttempt(facts, last);
  if (typeof verdict === 'number') {
    const waitingSinceMs = last.try > 0 ? facts.waitingSinceMs : null;
    return { act: 'wait', untilMs: verdict, waitingSinceMs, judged: null };
  }
  return afterAttempt(facts, last, last.outcome === null ? verdict : null);
}

function hazardNow(
  { isInDanger, isInService, isAttended }: RunFacts,
  last: Attempt | undefined,
): RunHazard | null {
  if (isInDanger) return 'safety';
  if (!isInService) return 'unit_suspended';
  return isAttended && last?.status === 'queued' ? 'technician_on_site' : null;
}

function afterReturn(attempts: readonly Attempt[]): RunDecision {
  if (!attempts.some(hasReached)) return { act: 'abort', reason: 'self_cleared', judged: null };
  const last = attempts.at(-1);
  const isCure = last !== undefined && last.outcome === null && hasReached(last);
  return { act: 'cured', judged: isCure ? 'cured' : null };
}

/** What an attempt came to, or until when that is open. */
function judgeAttempt({ nowMs, steps }: RunFacts, attempt: Attempt): RemoteOutcome | number {
  const { status, changedAtMs } = attempt;
  const { settleMs = 0, timeoutMs = 0 } = steps[attempt.step] ?? {};
  const deadlineMs = attempt.queuedAtMs + timeoutMs;
  const until = (atMs: number, then: RemoteOutcome) => (nowMs < atMs ? atMs : then);
  switch (status) {
    case null:
    case 'queued':
    case 'sent':
      return until(deadlineMs + RUN_POLICY.answerGraceMs, 'command_failed');
    case 'accepted':
      return until(Math.max(changedAtMs + settleMs, deadlineMs), 'not_cured');
    case 'done':
      return until(changedAtMs + settleMs, 'not_cured');
    default:
      return 'command_failed';
  }
}

/** A vehicle charges there, or whoever would know cannot say. */
const SESSION_REFUSALS: ReadonlySet<string | null> = new Set(['session_running', 'session_unknown']);

function wasRefusedForSession({ status, detail }: Attempt): boolean {
  return status === 'rejected' && SESSION_REFUSALS.has(detail);
}

function afterAttempt(facts: RunFacts, last: Attempt, judged: RemoteOutcome | null): RunDecision {
  if (wasRefusedForSession(last)) {
    const retry = { step: last.step, try: last.try + 1 };
    const sinceMs = facts.waitingSinceMs ?? last.changedAtMs;
    if (facts.nowMs >= sinceMs + RUN_POLICY.sessionWaitMs) {
      return { act: 'fail', reason: 'session_running', judged };
    }
    const retryAtMs = last.changedAtMs + RUN_POLICY.sessionRetryMs;
    if (facts.nowMs < retryAtMs) {
      return { act: 'wait', untilMs: retryAtMs, waitingSinceMs: sinceMs, judged };
    }
    return tryStep({ ...facts, waitingSinceMs: sinceMs }, retry, judged);
  }
  const unsent = whyUnsent(facts, last);
  if (unsent !== null) return { act: 'fail', reason: unsent, judged };
  const isNewStep = judged !== null;
  return tryStep(
    isNewStep ? { ...facts, waitingSinceMs: null } : facts,
    { step: last.step + 1, try: 0 },
    judged,
  );
}

/** Why no other step is tried after one that never went out. */
function whyUnsent({ attempts }: RunFacts, last: Attempt): RunFailure | null {
  if (last.status !== 'expired') return null;
  if (last.detail === 'withdrawn') return 'command_withdrawn';
  const isFirst = !attempts.some((attempt) => attempt !== last && attempt.outcome !== 'skipped');
  if (!isFirst) return null;
  return last.detail === 'device_busy' ? 'device_busy' : 'not_connected';
}

function tryStep(
  { steps, nowMs, waitingSinceMs, isCharging, isAttended }: RunFacts,
  next: { readonly step: number; readonly try: number },
  judged: RemoteOutcome | null,
): RunDecision {
  const step = steps[next.step];
  if (step === undefined) return { act: 'fail', reason: 'not_cured', judged };
  if (step.args === null) return { act: 'skip', step: next.step, judged };
  if (isAttended) return { act: 'abort', reason: 'technician_on_site', judged };
  if (!step.endsSession || !isCharging) return { act: 'send', ...next, judged };
  const sinceMs = waitingSinceMs ?? nowMs;
  const overAtMs = sinceMs + RUN_POLICY.sessionWaitMs;
  if (nowMs >= overAtMs) return { act: 'fail', reason: 'session_running', judged };
  const untilMs = Math.min(nowMs + RUN_POLICY.sessionRecheckMs, overAtMs);
  return { act: 'wait', untilMs, waitingSinceMs: sinceMs, judged };
}
