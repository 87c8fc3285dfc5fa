import { expect, test } from 'vitest';
import { createGather } from './gather.ts';

function open() {
  const handed: string[][] = [];
  const timers: (() => void)[] = [];
  const add = createGather<string>((items) => handed.push([...items]), {
    everyMs: 500,
    schedule: (act) => timers.push(act),
  });
  return { handed, add, pass: () => timers.shift()?.() };
}

test('the first event is shown at once', () => {
  const { handed, add } = open();
  add(['alarms']);
  expect(handed).toEqual([['alarms']]);
});

test('events of one interval are shown once, together, at its end', () => {
  const { handed, add, pass } = open();
  add(['alarms']);
  add(['tickets']);
  add(['tickets', 'work-orders']);
  expect(handed).toHaveLength(1);
  pass();
  expect(handed[1]).toEqual(['tickets', 'work-orders']);
});

test('after a quiet interval the next event is shown at once again', () => {
  const { handed, add, pass } = open();
  add(['alarms']);
  pass();
  add(['tickets']);
  expect(handed).toEqual([['alarms'], ['tickets']]);
});

test('an event that changes nothing we show costs nothing', () => {
  const { handed, add } = open();
  add([]);
  expect(handed).toEqual([]);
});
