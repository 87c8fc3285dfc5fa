import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeRepair, VERIFICATION_POLICY } from './judge.ts';

const { windowMs, loadedMs, longestMs } = VERIFICATION_POLICY;
const AFTER = { fromMs: 0, untilMs: windowMs, nowMs: windowMs, loadedMs, standingAlarms: 0 };

test('a fault that stays away for the window under load is verified', () => {
  expect(judgeRepair(AFTER)).toMatchObject({ verdict: 'verified' });
  expect(judgeRepair({ ...AFTER, nowMs: windowMs - 1 })).toMatchObject({ verdict: 'wait' });
});

test('a unit that did not work enough is watched longer, and after a day proves nothing', () => {
  const idle = { ...AFTER, loadedMs: loadedMs - 1 };
  expect(judgeRepair(idle)).toMatchObject({ verdict: 'extend', reason: 'not_loaded' });
  expect(judgeRepair({ ...idle, untilMs: longestMs, nowMs: longestMs })).toMatchObject({
    verdict: 'inconclusive',
  });
});

test('an alarm that never returned is no repair', () => {
  const standing = { ...AFTER, standingAlarms: 1 };
  expect(judgeRepair(standing)).toMatchObject({ verdict: 'extend', reason: 'alarm_stands' });
  expect(judgeRepair({ ...standing, untilMs: longestMs, nowMs: longestMs })).toMatchObject({
    verdict: 'recurred',
  });
});

test('however it goes, the window ends within a day of the test', () => {
  const steps = fc.array(
    fc.record({ wait: fc.nat(longestMs), load: fc.nat(windowMs), standing: fc.nat(1) }),
    {
      minLength: 200,
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(steps, (walk) => {
      let untilMs = windowMs;
      for (const { wait, load, standing } of walk) {
        const judgement = judgeRepair({
          fromMs: 0,
          untilMs,
          nowMs: untilMs + wait,
          loadedMs: load,
          standingAlarms: standing,
        });
        if (judgement.verdict !== 'extend') return;
        expect(judgement.untilMs).toBeGreaterThan(untilMs);
        expect(judgement.untilMs).toBeLessThanOrEqual(longestMs);
        untilMs = judgement.untilMs;
      }
      expect.unreachable('the window never ended');
    }),
    { numRuns: 50 },
  );
});
