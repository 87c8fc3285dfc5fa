import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';

/**
 * Collects points into the struct of arrays that rules and the writer read. A point without a value leaves no
 * trace. `finish` hands the batch over and starts anew; the arrays it gave are never written again.
 */
export interface PointBuilder {
  readonly count: number;
  /** Begins a point; values follow by `add`, then `end`. */
  begin(device: DeviceRef, component: string, times: { observedAtMs: number; receivedAtMs: number }): void;
  add(metric: number, value: number): void;
  /** Ends the point: whether it had a value. */
  end(): boolean;
  /** Forgets the points after the first `count`. */
  undo(count: number): void;
  finish(): PointBatch;
}

export function createPointBuilder(): PointBuilder {
  let device: DeviceRef[] = [];
  let component: string[] = [];
  let observed = new Float64Array(1_024);
  let received = new Float64Array(1_024);
  let starts = new Int32Array(1_025);
  let metric = new Uint16Array(8_192);
  let value = new Float64Array(8_192);
  let count = 0;
  let values = 0;

  function growPoints(): void {
    const size = observed.length * 2;
    const nextObserved = new Float64Array(size);
    const nextReceived = new Float64Array(size);
    const nextStarts = new Int32Array(size + 1);
    nextObserved.set(observed);
    nextReceived.set(received);
    nextStarts.set(starts);
    observed = nextObserved;
    received = nextReceived;
    starts = nextStarts;
  }

  function growValues(): void {
    const nextMetric = new Uint16Array(metric.length * 2);
    const nextValue = new Float64Array(value.length * 2);
    nextMetric.set(metric);
    nextValue.set(value);
    metric = nextMetric;
    value = nextValue;
  }

  return {
    get count() {
      return count;
    },
    begin(ref, part, times) {
      if (count === observed.length) growPoints();
      device[count] = ref;
      component[count] = part;
      observed[count] = times.observedAtMs;
      received[count] = times.receivedAtMs;
      starts[count] = values;
    },
    add(index, amount) {
      if (values === value.length) growValues();
      metric[values] = index;
      value[values] = amount;
      values += 1;
    },
    end() {
      if (starts[count] === values) return false;
      count += 1;
      starts[count] = values;
      return true;
    },
    undo(kept) {
      count = kept;
      values = starts[kept] ?? 0;
    },
    finish() {
      const batch: PointBatch = {
        count,
        device: device.length === count ? device : device.slice(0, count),
        component: component.length === count ? component : component.slice(0, count),
        observedAtMs: observed.slice(0, count),
        receivedAtMs: received.slice(0, count),
        valueStart: starts.slice(0, count + 1),
        metric: metric.slice(0, values),
        value: value.slice(0, values),
      };
      device = [];
      component = [];
      starts[0] = 0;
      count = 0;
      values = 0;
      return batch;
    },
  };
}
