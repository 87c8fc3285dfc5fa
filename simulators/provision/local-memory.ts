import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError, simulatorError } from '../errors.ts';
import type { Credentials } from '../fleet/connection.ts';
import type { PastMemory } from '../fleet/fleet.ts';

const Content = Type.Object({
  credentials: Type.Record(Type.String(), Type.Object({ username: Type.String(), password: Type.String() })),
  past: Type.Record(Type.String(), Type.Object({ fromMs: Type.Number(), knownUntilMs: Type.Number() })),
});
type Content = Static<typeof Content>;
const compiled = Compile(Content);

/** What the fleet must know again after a restart, in one file that only its owner may read. */
export interface LocalMemory extends PastMemory {
  credentialsOf(deviceId: string): Credentials | null;
  /** Kept from now on, and on disk after the next `save`. */
  keepCredentials(deviceId: string, credentials: Credentials): void;
  forgetPast(deviceId: string): void;
  save(): void;
}

/** Opens `units.json` in a folder, which is made if it is not there. */
export function openLocalMemory(folder: string): LocalMemory {
  const path = join(folder, 'units.json');
  const content = read(folder, path);
  const save = (): void => {
    const written = `${path}.new`;
    writeFileSync(written, `${JSON.stringify(content, null, 1)}\n`, { mode: 0o600 });
    renameSync(written, path);
  };
  return {
    credentialsOf: (deviceId) => content.credentials[deviceId] ?? null,
    keepCredentials(deviceId, credentials) {
      content.credentials[deviceId] = credentials;
    },
    pastOf: (deviceId) => content.past[deviceId] ?? null,
    rememberPast(deviceId, past) {
      content.past[deviceId] = past;
      save();
    },
    forgetPast(deviceId) {
      delete content.past[deviceId];
    },
    save,
  };
}

function read(folder: string, path: string): Content {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (compiled.Check(content)) return content;
    throw new SimulatorError('SIMULATOR_MEMORY_INVALID', 'it holds something else');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      return { credentials: {}, past: {} };
    }
    throw simulatorError(
      'SIMULATOR_MEMORY_INVALID',
      `cannot use ${path} (${reasonOf(cause)}): give another --state-dir, or remove the file to register anew`,
      cause,
    );
  }
}
