export { clocksOf, startClocks, stopClocks, withdrawClocks } from './clocks.ts';
export type { RunningClockKind } from './core/clock.ts';
export { defineSlaJobs, type SlaDeps } from './fire-clocks.ts';
export { SLA_MIGRATIONS } from './migrations.ts';
