import { describe, expect, test } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';

/** Two nodes of one installation; the same bus twice where there can be only one. */
interface BusPlace extends AsyncDisposable {
  readonly left: Bus;
  readonly right: Bus;
}

const WAIT = { timeout: 20_000, interval: 20 };

/** Until what `from` publishes on `channel` is heard at `to`. */
export async function untilHeard(from: Bus, to: Bus, channel: string): Promise<void> {
  let isHeard = false;
  const stop = to.subscribe(channel, () => {
    isHeard = true;
  });
  await expect
    .poll(() => {
      if (!isHeard) from.publish(channel, 'are you there');
      return isHeard;
    }, WAIT)
    .toBe(true);
  stop();
}

function listenTo(bus: Bus, channel: string) {
  const heard: unknown[] = [];
  const stop = bus.subscribe(channel, (payload) => {
    if (payload !== 'are you there') heard.push(payload);
  });
  return { heard, stop };
}

/** What every implementation of the bus port keeps. */
export function describeBus(name: string, openPlace: () => Promise<BusPlace>): void {
  describe(name, () => {
    test('a message reaches every subscriber of its channel on both nodes, once and in order', async () => {
      await using place = await openPlace();
      const { left, right } = place;
      const [here, again, there] = [left, left, right].map((bus) => listenTo(bus, 'units'));
      const elsewhere = listenTo(right, 'unit');
      await untilHeard(left, right, 'units');
      const messages = Array.from({ length: 200 }, (_, n) => ({ n, text: '空调' }));
      for (const message of messages) left.publish('units', message);

      await expect.poll(() => there?.heard, WAIT).toEqual(messages);
      expect(here?.heard).toEqual(messages);
      expect(again?.heard).toEqual(messages);
      expect(elsewhere.heard).toEqual([]);
    });

    test('who has stopped hears nothing more, and others on the channel still do', async () => {
      await using place = await openPlace();
      const { left, right } = place;
      const gone = listenTo(right, 'units');
      const stays = listenTo(right, 'units');
      await untilHeard(left, right, 'units');
      gone.stop();
      gone.stop();
      left.publish('units', 1);

      await expect.poll(() => stays.heard, WAIT).toEqual([1]);
      expect(gone.heard).toEqual([]);
    });

    test('a channel that everybody left may be heard again', async () => {
      await using place = await openPlace();
      const { left, right } = place;
      const first = listenTo(right, 'units');
      await untilHeard(left, right, 'units');
      first.stop();
      const second = listenTo(right, 'units');
      await untilHeard(left, right, 'units');
      left.publish('units', 2);

      await expect.poll(() => second.heard, WAIT).toEqual([2]);
    });

    test('a handler that throws harms no other', async () => {
      await using place = await openPlace();
      const { left, right } = place;
      right.subscribe('units', () => {
        throw new Error('not today');
      });
      const other = listenTo(right, 'units');
      await untilHeard(left, right, 'units');
      left.publish('units', 3);

      await expect.poll(() => other.heard, WAIT).toEqual([3]);
    });

    test('the publisher goes on before anybody hears', async () => {
      await using place = await openPlace();
      const own = listenTo(place.left, 'units');
      place.left.publish('units', 4);
      expect(own.heard).toEqual([]);
      await expect.poll(() => own.heard, WAIT).toEqual([4]);
    });
  });
}
