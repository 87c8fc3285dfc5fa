import { vi } from 'vitest';

/** Asks again until the check holds; how long that takes is nobody's concern here. */
export function eventually<T>(check: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 50 });
}
