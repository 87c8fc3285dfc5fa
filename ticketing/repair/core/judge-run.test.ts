import fc from 'fast-check';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { COMMAND_STATUSES, type CommandStatus, findCommand } from '#contracts/commands.ts';
import { findPlaybook, PLAYBOOKS, type Playbook } from '#contracts/playbooks.ts';
import { type Attempt, judgeRun, RUN_POLICY, type RunFacts, stepsFor } from './judge-run.ts';

const MINUTE_MS = 60_000;

function playbook(id: string): Playbook {
  const found = findPlaybook(id);
  if (found === undefined) throw new Error(`no playbook ${id}`);
  return found;
}

const UNLOCK = stepsFor(playbook('pile-unlock'), 'connector-2');

const BEGUN: RunFacts = {
  nowMs: 0,
  startedAtMs: 0,
  steps: UNLOCK,
  attempts: [],
  waitingSinceMs: null,
  standingAlarms: 1,
  isInDanger: false,
  isAttended: false,
  isInService: true,
  isCharging: false,
};

const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  step: 0,
  try: 0,
  status: 'done',
  detail: null,
  queuedAtMs: 0,
  changedAtMs: 1_000,
  outcome: null,
  ...change,
});

test('every step of every playbook is a command of its equipment with arguments that it takes', () => {
  for (const each of PLAYBOOKS) {
    for (const { command, args } of stepsFor(each, 'connector-1')) {
      const definition = findCommand(each.kind, command);
      expect(definition, `${each.id}: ${command}`).toBeDefined();
      if (definition !== undefined) expect(Value.Check(definition.args, args)).toBe(true);
    }
  }
});

test("a step goes to the fault's connector, and is skipped where the fault has none", () => {
  expect(UNLOCK[0]?.args).toEqual({ connectorId: 2 });
  expect(judgeRun(BEGUN)).toMatchObject({ act: 'send', step: 0 });
  const whole = { ...BEGUN, steps: stepsFor(playbook('pile-unlock'), '') };
  expect(judgeRun(whole)).toMatchObject({ act: 'skip', step: 0 });
  const skipped = [attempt({ status: null, outcome: 'skipped' })];
  expect(judgeRun({ ...whole, attempts: skipped })).toMatchObject({ act: 'send', step: 1 });
});

test('a done command has its settling time, then the next step has its turn', () => {
  const settling = { ...BEGUN, attempts: [attempt()] };
  expect(judgeRun({ ...settling, nowMs: 30_999 })).toMatchObject({ act: 'wait', untilMs: 31_000 });
  expect(judgeRun({ ...settling, nowMs: 31_000 })).toMatchObject({
    act: 'send',
    step: 1,
    judged: 'not_cured',
  });
});

test('an accepted command of which no more is heard is judged at its deadline', () => {
  const accepted = { ...BEGUN, attempts: [attempt({ status: 'accepted' })] };
  expect(judgeRun({ ...accepted, nowMs: 59_999 })).toMatchObject({ act: 'wait', untilMs: MINUTE_MS });
  expect(judgeRun({ ...accepted, nowMs: MINUTE_MS })).toMatchObject({ act: 'send', step: 1 });
});

test.each(['queued', 'sent'] as const)(
  'a command of which nothing is heard after %s is given up a minute past its deadline',
  (status) => {
    const silent = { ...BEGUN, attempts: [attempt({ status })] };
    expect(judgeRun({ ...silent, nowMs: 2 * MINUTE_MS - 1 })).toMatchObject({ act: 'wait' });
    expect(judgeRun({ ...silent, nowMs: 2 * MINUTE_MS })).toMatchObject({
      act: 'send',
      step: 1,
      judged: 'command_failed',
    });
  },
);

test('a run that goes on for two hours, whatever holds it up, is given up', () => {
  expect(judgeRun({ ...BEGUN, nowMs: RUN_POLICY.longestMs })).toMatchObject({
    act: 'fail',
    reason: 'too_long',
  });
});

test('alarms that return after a command reached the device are a cure, before that they cleared by themselves', () => {
  const cleared = { ...BEGUN, standingAlarms: 0 };
  expect(judgeRun({ ...cleared, attempts: [attempt({ status: 'sent' })] })).toMatchObject({
    act: 'cured',
    judged: 'cured',
  });
  expect(judgeRun({ ...cleared, attempts: [attempt({ status: 'queued' })] })).toMatchObject({
    act: 'abort',
    reason: 'self_cleared',
  });
  expect(judgeRun(cleared)).toMatchObject({ act: 'abort', reason: 'self_cleared' });
});

test('a device that is not there for the first command is not waited for again', () => {
  const expired = { ...BEGUN, attempts: [attempt({ status: 'expired' })] };
  expect(judgeRun(expired)).toMatchObject({ act: 'fail', reason: 'not_connected', judged: 'command_failed' });
});

test('a session is waited for half an hour, also where only the device knew of it', () => {
  const charging = { ...BEGUN, isCharging: true };
  expect(judgeRun(charging)).toMatchObject({ act: 'wait', waitingSinceMs: 0 });
  expect(judgeRun({ ...charging, waitingSinceMs: 0, nowMs: 30 * MINUTE_MS - 1 })).toMatchObject({
    act: 'wait',
    untilMs: 30 * MINUTE_MS,
  });
  expect(judgeRun({ ...charging, waitingSinceMs: 0, nowMs: 30 * MINUTE_MS })).toMatchObject({
    act: 'fail',
    reason: 'session_running',
  });
  const refused = {
    ...BEGUN,
    attempts: [attempt({ status: 'rejected', detail: 'session_unknown', changedAtMs: 0 })],
  };
  expect(judgeRun(refused)).toMatchObject({
    act: 'wait',
    untilMs: RUN_POLICY.sessionRetryMs,
    waitingSinceMs: 0,
    judged: 'command_failed',
  });
  expect(judgeRun({ ...refused, nowMs: RUN_POLICY.sessionRetryMs })).toMatchObject({
    act: 'send',
    step: 0,
    try: 1,
  });
});

test('danger ends a run at once; somebody at the unit ends it before the next command, not while one has its time', () => {
  const settling = { ...BEGUN, attempts: [attempt()] };
  const danger = { act: 'abort', reason: 'safety' };
  expect(judgeRun({ ...BEGUN, isInDanger: true })).toMatchObject(danger);
  expect(judgeRun({ ...settling, isInDanger: true, isAttended: true })).toMatchObject(danger);
  const somebody = { act: 'abort', reason: 'technician_on_site' };
  expect(judgeRun({ ...BEGUN, isAttended: true, isCharging: true })).toMatchObject(somebody);
  expect(judgeRun({ ...settling, isAttended: true })).toMatchObject({ act: 'wait', untilMs: 31_000 });
  expect(judgeRun({ ...settling, isAttended: true, nowMs: 31_000 })).toMatchObject({
    ...somebody,
    judged: 'not_cured',
  });
  expect(judgeRun({ ...settling, isAttended: true, standingAlarms: 0 })).toMatchObject({ act: 'cured' });
});

function unitAt(dice: Dice, nowMs: number, n: number) {
  return {
    standingAlarms: dice.clearsAtMs !== null && nowMs >= dice.clearsAtMs ? 0 : 1,
    isCharging: dice.charging[n % dice.charging.length] ?? false,
    isInDanger: dice.dangerAtMs !== null && nowMs >= dice.dangerAtMs,
    isAttended: dice.attended[n % dice.attended.length] ?? false,
    isInService: true,
  };
}

/** Plays a run against a device that answers as the dice say, at 2 s a move. */
function play(steps: RunFacts['steps'], dice: Dice) {
  const sent: (Sent & { step: number; try: number })[] = [];
  let attempts: Attempt[] = [];
  let waitingSinceMs: number | null = null;
  for (let nowMs = 0; nowMs <= 3 * 60 * MINUTE_MS; nowMs += 2_000) {
    const n = nowMs / 2_000;
    const unit = unitAt(dice, nowMs, n);
    const decision = judgeRun({ nowMs, startedAtMs: 0, steps, attempts, waitingSinceMs, ...unit });
    if (unit.isInDanger) expect(['abort', 'cured']).toContain(decision.act);
    if (decision.judged !== null) {
      attempts = attempts.with(-1, { ...(attempts.at(-1) as Attempt), outcome: decision.judged });
    }
    const queuedAtMs = nowMs;
    if (decision.act === 'wait') {
      ({ waitingSinceMs } = decision);
      attempts = attempts.map((each) => answer(each, { dice, nowMs, n }));
    } else if (decision.act === 'skip') {
      attempts = [...attempts, attempt({ ...decision, status: null, queuedAtMs, outcome: 'skipped' })];
    } else if (decision.act === 'send') {
      const { step } = decision;
      const endsSession = steps[step]?.endsSession ?? true;
      sent.push({ step, try: decision.try, ...unit, endsSession });
      attempts = [
        ...attempts,
        attempt({ step, try: decision.try, status: 'queued', queuedAtMs, changedAtMs: nowMs }),
      ];
    } else {
      return { end: decision, sent, attempts };
    }
  }
  return { end: null, sent, attempts };
}

/** How the unit was when a command went. */
interface Sent extends Pick<RunFacts, 'isCharging' | 'isInDanger' | 'isAttended'> {
  readonly endsSession: boolean;
}

interface Dice {
  readonly charging: readonly boolean[];
  readonly answers: readonly (readonly [CommandStatus, boolean])[];
  readonly clearsAtMs: number | null;
  readonly dangerAtMs: number | null;
  readonly attended: readonly boolean[];
}

function answer(
  each: Attempt,
  { dice, nowMs, n }: { readonly dice: Dice; readonly nowMs: number; readonly n: number },
): Attempt {
  if (each.outcome !== null) return each;
  const [status, isSession] = dice.answers[n % dice.answers.length] ?? ['done', false];
  const isForward = each.status === 'queued' || (each.status === 'sent' && status !== 'queued');
  if (!isForward || status === each.status) return each;
  return { ...each, status, detail: isSession ? 'session_running' : null, changedAtMs: nowMs };
}

const dice = fc.record({
  charging: fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }),
  answers: fc.array(fc.tuple(fc.constantFrom(...COMMAND_STATUSES), fc.boolean()), {
    minLength: 1,
    maxLength: 20,
  }),
  clearsAtMs: fc.option(fc.nat(120 * MINUTE_MS)),
  dangerAtMs: fc.option(fc.nat(120 * MINUTE_MS)),
  attended: fc.array(
    fc.nat(9).map((die) => die === 0),
    { minLength: 1, maxLength: 50 },
  ),
});
const steps = fc
  .tuple(fc.constantFrom(...PLAYBOOKS), fc.constantFrom('', 'connector-1', 'idu-3'))
  .map(([each, component]) => stepsFor(each, component));

test('whatever device and driver do: no command while charging, in danger or beside somebody, each step once, and an end', () => {
  fc.assert(
    fc.property(steps, dice, (each, luck) => {
      const { end, sent, attempts } = play(each, luck);
      expect(end).not.toBeNull();
      for (const command of sent) {
        expect(command.isCharging && command.endsSession).toBe(false);
        expect(command).toMatchObject({ isInDanger: false, isAttended: false });
        expect(each[command.step]?.args).not.toBeNull();
      }
      if (luck.dangerAtMs === 0) expect(sent).toEqual([]);
      const names = sent.map(({ step, try: again }) => `${step}/${again}`);
      expect(new Set(names).size).toBe(names.length);
      expect(sent.map(({ step }) => step)).toEqual(sent.map(({ step }) => step).sort((a, b) => a - b));
      const again = sent.filter((command) => command.try > 0);
      for (const { step, try: n } of again) {
        expect(attempts.find((a) => a.step === step && a.try === n - 1)).toMatchObject({
          status: 'rejected',
          detail: 'session_running',
        });
      }
      const mostTries = RUN_POLICY.sessionWaitMs / RUN_POLICY.sessionRetryMs;
      for (const n of each.keys()) {
        expect(sent.filter(({ step }) => step === n).length).toBeLessThanOrEqual(mostTries);
      }
    }),
    { numRuns: 200 },
  );
});

test('a unit out of service, or attended while a command waits to go out, ends the run at once', () => {
  const waiting = { ...BEGUN, attempts: [attempt({ status: 'queued' })] };
  expect(judgeRun({ ...waiting, isInService: false })).toMatchObject({
    act: 'abort',
    reason: 'unit_suspended',
  });
  expect(judgeRun({ ...waiting, isAttended: true })).toMatchObject({
    act: 'abort',
    reason: 'technician_on_site',
  });
  const sent = { ...BEGUN, attempts: [attempt({ status: 'sent' })] };
  expect(judgeRun({ ...sent, isAttended: true })).toMatchObject({ act: 'wait' });
});

test.each([
  ['not_sent_by_deadline', 'not_connected'],
  ['device_busy', 'device_busy'],
  ['withdrawn', 'command_withdrawn'],
])('a first command that never went out (%s) fails the run as %s', (detail, reason) => {
  const unsent = { ...BEGUN, attempts: [attempt({ status: 'expired', detail })] };
  expect(judgeRun(unsent)).toMatchObject({ act: 'fail', reason });
});

test('a later command that a person withdrew is followed by no other', () => {
  const attempts = [
    attempt({ outcome: 'not_cured' }),
    attempt({ step: 1, status: 'expired', detail: 'withdrawn' }),
  ];
  expect(judgeRun({ ...BEGUN, attempts })).toMatchObject({ act: 'fail', reason: 'command_withdrawn' });
});
