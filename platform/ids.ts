import { createHash } from 'node:crypto';
import { v7 } from 'uuid';

/** A new record id: UUIDv7, so ids made later sort later. */
export function newId(): string {
  return v7();
}

/** The record id of that name at that instant: always the same one, so that what is done twice is one thing. */
export function derivedId(name: string, atMs: number): string {
  return v7({ msecs: atMs, random: createHash('sha256').update(name).digest() });
}
