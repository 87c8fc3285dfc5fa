export { clocksOf, startClocks, stopClocks, withdrawClocks } from './clocks.ts';
export { defineSlaJobs } from './fire-clocks.ts';
export { SLA_MIGRATIONS } from './migrations.ts';
