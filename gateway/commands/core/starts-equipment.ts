import type { CommandDefinition } from '#contracts/commands.ts';

type Args = Readonly<Record<string, unknown>>;

const RESTARTS: ReadonlySet<string> = new Set(['restart', 'clear_fault', 'reset', 'unlock_connector']);

/** Whether a command sets equipment going or lets go of a plug: no matter for a unit that may hurt somebody. */
export function startsEquipment({ name, endsSession }: CommandDefinition, args: Args): boolean {
  if (endsSession || RESTARTS.has(name)) return true;
  if (name === 'change_availability') return args.type === 'Operative';
  return name === 'set_mode' && args.mode !== 'off';
}
