import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Command = Compile(
  Type.Object({
    id: Type.String({ minLength: 1 }),
    name: Type.String(),
    expiresAt: Type.Optional(Type.Union([Type.Number(), Type.String()])),
  }),
);

const KNOWN: ReadonlySet<string> = new Set(['restart', 'clear_fault']);

interface Acknowledgement {
  readonly id: string;
  readonly status: 'accepted' | 'done' | 'rejected';
  readonly detail?: string;
}

/** What a unit answers to a command, in order, and the command to carry out, if any. */
export function acknowledgementsOf(
  payload: string,
  nowMs: number,
): { execute: string | null; messages: readonly Acknowledgement[] } {
  const command = parse(payload);
  if (command === null) return { execute: null, messages: [] };
  const { id, name, expiresAt } = command;
  if (expiresAt !== undefined && new Date(expiresAt).getTime() < nowMs) return rejected(id, 'expired');
  if (!KNOWN.has(name)) return rejected(id, `unknown command ${name}`);
  return {
    execute: name,
    messages: [
      { id, status: 'accepted' },
      { id, status: 'done' },
    ],
  };
}

function rejected(id: string, detail: string): { execute: null; messages: readonly Acknowledgement[] } {
  return { execute: null, messages: [{ id, status: 'rejected', detail }] };
}

function parse(payload: string): { id: string; name: string; expiresAt?: number | string } | null {
  try {
    const value: unknown = JSON.parse(payload);
    return Command.Check(value) ? value : null;
  } catch {
    return null;
  }
}
