import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const CommandMessage = Type.Object({
  id: Type.String({ minLength: 1 }),
  name: Type.String(),
  args: Type.Optional(Type.Object({ mode: Type.Optional(Type.String()) })),
  expiresAt: Type.Optional(Type.Union([Type.Number(), Type.String()])),
});
const compiled = Compile(CommandMessage);

/** What a unit can be told to do; `isOn` goes with `set_mode`. */
export type UnitCommand =
  | { readonly name: 'restart' | 'clear_fault' }
  | { readonly name: 'set_mode'; readonly isOn: boolean };

const COOLING_MODES: ReadonlySet<string | undefined> = new Set(['auto', 'cool']);

interface Acknowledgement {
  readonly id: string;
  readonly status: 'accepted' | 'done' | 'rejected';
  readonly detail?: string;
}

/** What a unit answers to a command, in order, and the command to carry out, if any. */
export function acknowledgementsOf(
  payload: string,
  nowMs: number,
): { execute: UnitCommand | null; messages: readonly Acknowledgement[] } {
  const command = parse(payload);
  if (command === null) return { execute: null, messages: [] };
  const { id, expiresAt } = command;
  if (expiresAt !== undefined && new Date(expiresAt).getTime() < nowMs) return rejected(id, 'expired');
  const execute = commandOf(command);
  if (typeof execute === 'string') return rejected(id, execute);
  return {
    execute,
    messages: [
      { id, status: 'accepted' },
      { id, status: 'done' },
    ],
  };
}

/** The command, or why the unit cannot do it. */
function commandOf({ name, args }: Static<typeof CommandMessage>): UnitCommand | string {
  if (name === 'restart' || name === 'clear_fault') return { name };
  if (name !== 'set_mode') return `unknown command ${name}`;
  if (args?.mode === 'off') return { name, isOn: false };
  return COOLING_MODES.has(args?.mode) ? { name, isOn: true } : 'this unit only cools';
}

function rejected(id: string, detail: string): { execute: null; messages: readonly Acknowledgement[] } {
  return { execute: null, messages: [{ id, status: 'rejected', detail }] };
}

function parse(payload: string): Static<typeof CommandMessage> | null {
  try {
    const value: unknown = JSON.parse(payload);
    return compiled.Check(value) ? value : null;
  } catch {
    return null;
  }
}
