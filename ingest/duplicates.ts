import { crc32 } from 'node:zlib';
import type { DeviceRef } from '#contracts/point-batch.ts';

/** The parts of a message that tell whether it came before. `newestMs` is null where it carries no time. */
export interface Sighting {
  readonly device: DeviceRef;
  readonly payload: Buffer;
  readonly newestMs: number | null;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
}

/** How many messages of a device are remembered: more than a client keeps in flight. */
const REMEMBERED = 128;

interface Memory {
  newestMs: number;
  next: number;
  readonly marks: Float64Array;
}

/**
 * Finds messages that were already received. One with its own time is a duplicate when the same bytes came
 * lately; one without only when its DUP flag, session, packet id and bytes all match.
 */
export interface DuplicateFilter {
  isDuplicate(sighting: Sighting): boolean;
}

/** Length and checksum of the message; for one without a time, of its session and packet id too. */
function markOf({ payload, newestMs, session, packetId }: Sighting): number {
  const salt = newestMs === null ? crc32(`${session}:${packetId}`) : 0;
  return (payload.length + 1) * 0x1_0000_0000 + crc32(payload, salt);
}

export function createDuplicateFilter(): DuplicateFilter {
  const memories: (Memory | undefined)[] = [];

  function memoryOf(device: DeviceRef): Memory {
    const found = memories[device.index];
    if (found !== undefined) return found;
    const memory = { newestMs: 0, next: 0, marks: new Float64Array(REMEMBERED) };
    memories[device.index] = memory;
    return memory;
  }

  return {
    isDuplicate(sighting) {
      const memory = memoryOf(sighting.device);
      const mark = markOf(sighting);
      const { newestMs } = sighting;
      const mayRepeat = newestMs === null ? sighting.isDuplicateFlagged : newestMs <= memory.newestMs;
      if (mayRepeat && memory.marks.includes(mark)) return true;
      memory.marks[memory.next] = mark;
      memory.next = (memory.next + 1) % REMEMBERED;
      if (newestMs !== null && newestMs > memory.newestMs) memory.newestMs = newestMs;
      return false;
    },
  };
}
