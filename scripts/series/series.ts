type Value = number | string;
/** What a row reports at one instant. An empty text leaves the metric out; `online` tells the connection. */
export type Frame = Record<string, Value>;
/** What differs from a healthy row at that second; null: nothing is reported. */
export type Story = (seconds: number) => Frame | null;

/** The recordings of one rule: with its fault, and with something that looks like it and must raise nothing. */
export interface Series {
  readonly rule: string;
  readonly metrics: readonly string[];
  readonly healthy: Frame;
  /** Peak to peak, by metric; 0.4 where none is given. */
  readonly noise: Readonly<Record<string, number>>;
  readonly minutes?: number;
  readonly stepSeconds?: number;
  readonly fault: Story;
  readonly confounder: Story;
}

/** Between two moments, in minutes. */
export const during = (seconds: number, from: number, to: number): boolean =>
  seconds >= from * 60 && seconds < to * 60;
export const fault =
  (frame: Frame, from = 10, to = 40): Story =>
  (seconds) =>
    during(seconds, from, to) ? frame : {};
