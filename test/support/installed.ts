import { existsSync } from 'node:fs';

/**
 * Whether tests that need this program run: it is installed, or this is CI, where its absence must fail them.
 * Says which Debian package is missing otherwise.
 */
export function isInstalled(program: string, packageName: string): boolean {
  if (existsSync(program) || process.env.CI === 'true') return true;
  console.warn(`skipped what needs ${program}: apt-get install ${packageName}`);
  return false;
}
