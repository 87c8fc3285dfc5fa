import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COMMAND_ENDS, type CommandStatus } from '#contracts/commands.ts';
import { type CommandStep, judgeStep } from './command-status.ts';

const STEPS: readonly CommandStep[] = [
  'sent',
  'unsent',
  'accepted',
  'done',
  'failed',
  'rejected',
  'deadline',
  'withdraw',
];

function play(steps: readonly CommandStep[]): CommandStatus[] {
  let status: CommandStatus = 'queued';
  return steps.map((step) => {
    const move = judgeStep(status, step);
    if (move.type === 'move') status = move.to;
    return status;
  });
}

test('a command is queued, sent, accepted and done', () => {
  expect(play(['sent', 'accepted', 'done'])).toEqual(['sent', 'accepted', 'done']);
});

test('a deadline expires what was never sent and times out what was', () => {
  expect(play(['deadline'])).toEqual(['expired']);
  expect(play(['sent', 'deadline'])).toEqual(['sent', 'timed_out']);
  expect(play(['sent', 'accepted', 'deadline']).at(-1)).toBe('timed_out');
});

test('only what has not gone out can be withdrawn', () => {
  expect(play(['withdraw'])).toEqual(['expired']);
  expect(play(['sent', 'withdraw', 'accepted', 'withdraw', 'done', 'withdraw']).at(-1)).toBe('done');
  expect(play(['sent', 'unsent', 'withdraw'])).toEqual(['sent', 'queued', 'expired']);
});

test('what never went out is queued again, and nothing that a device says of it counts until it is sent', () => {
  expect(play(['sent', 'unsent', 'done', 'sent', 'done'])).toEqual([
    'sent',
    'queued',
    'queued',
    'sent',
    'done',
  ]);
});

test('an answer that comes too late is noted, one that comes again is not', () => {
  expect(judgeStep('timed_out', 'done')).toEqual({ type: 'note' });
  expect(judgeStep('timed_out', 'accepted')).toEqual({ type: 'note' });
  expect(judgeStep('done', 'failed')).toEqual({ type: 'note' });
  expect(judgeStep('done', 'done')).toEqual({ type: 'ignore' });
  expect(judgeStep('done', 'accepted')).toEqual({ type: 'ignore' });
  expect(judgeStep('accepted', 'accepted')).toEqual({ type: 'ignore' });
  expect(judgeStep('failed', 'deadline')).toEqual({ type: 'ignore' });
});

test('whatever happens in whatever order, an end is final', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 30 }), (steps) => {
      const statuses = play(steps);
      const end = statuses.findIndex((status) => COMMAND_ENDS.has(status));
      if (end < 0) return;
      for (const status of statuses.slice(end)) expect(status).toBe(statuses[end]);
    }),
  );
});

test('no status but the first is reached without being sent', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 30 }), (steps) => {
      const before = steps.slice(0, steps.includes('sent') ? steps.indexOf('sent') : undefined);
      for (const status of play(before)) expect(['queued', 'expired']).toContain(status);
    }),
  );
});
