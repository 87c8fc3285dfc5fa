import { Compile } from 'typebox/compile';
import { COMMANDS, type CommandDefinition, findCommand } from '#contracts/commands.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import { connectorComponent } from '#contracts/ocpp.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { keepable } from './core/keepable.ts';
import { isSignInKey } from './core/secret-values.ts';

type Args = Readonly<Record<string, unknown>>;

interface Flaw {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

interface Params {
  readonly requiredProperties?: readonly string[];
  readonly additionalProperties?: readonly string[];
  readonly allowedValues?: readonly unknown[];
}

const NOUNS: Readonly<Record<DeviceKind, string>> = {
  ac_unit: 'an air conditioner',
  charging_pile: 'a charging pile',
};
const checks = new Map(COMMANDS.map((command) => [command, Compile(command.args)]));

/** The command a device of that kind knows by that name; 422 COMMAND_UNKNOWN, COMMAND_ARGS_INVALID. */
export function requireCommand(kind: DeviceKind, name: string, args: Args): CommandDefinition {
  const command = findCommand(kind, name);
  if (command === undefined) {
    const known = COMMANDS.filter((each) => each.kind === kind).map((each) => each.name);
    throw invalidField('COMMAND_UNKNOWN', 'name', `${NOUNS[kind]} knows: ${known.join(', ')}`);
  }
  const check = checks.get(command);
  if (check === undefined || check.Check(args)) return requireSendable(command, args);
  const fields = [...(check.Errors(args) as Iterable<Flaw>)].map((flaw) => fieldOf(command, flaw));
  const unique = fields.filter(({ field }, at) => fields.findIndex((other) => other.field === field) === at);
  throw new AftercareError(
    'COMMAND_ARGS_INVALID',
    unique.map(({ field, message }) => `${field}: ${message}`).join('; '),
    {
      kind: 'invalid',
      fields: unique,
    },
  );
}

function requireSendable(command: CommandDefinition, args: Args): CommandDefinition {
  if (command.name === 'change_configuration' && isSignInKey(args.key)) {
    const how = "a station's password is changed by POST /devices/{id}/credentials";
    throw invalidField('COMMAND_ARGS_INVALID', 'args.key', how);
  }
  if (JSON.stringify(keepable(args)) === JSON.stringify(args)) return command;
  throw invalidField('COMMAND_ARGS_INVALID', 'args', 'holds a character that no text may hold');
}

/** `/mode` is `args.mode`; what is missing or unknown is named itself. */
function fieldOf(
  { name }: CommandDefinition,
  { keyword, instancePath, params, message }: Flaw,
): { field: string; message: string } {
  const { requiredProperties, additionalProperties, allowedValues } = params as Params;
  const missing = requiredProperties?.[0];
  const unknown = additionalProperties?.[0];
  const path = [...instancePath.split('/').slice(1), missing ?? unknown ?? []].flat();
  const field = ['args', ...path].join('.');
  if (missing !== undefined) return { field, message: 'is required' };
  if (allowedValues !== undefined) return { field, message: `must be one of ${allowedValues.join(', ')}` };
  const isUnknown = unknown !== undefined || keyword === 'boolean';
  return { field, message: isUnknown ? `${name} takes no argument ${path.join('.')}` : message };
}

/** The part of the device that the arguments speak of. */
export function componentOf({ connectorId }: Args): string {
  return typeof connectorId === 'number' ? connectorComponent(connectorId) : '';
}
