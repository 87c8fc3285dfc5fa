import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { CommandAnswer, FaultMessage, StateMessage } from '#contracts/mqtt.ts';
import type { DecodeProblem } from './core/problem.ts';

const checkFault = Compile(FaultMessage);
const checkState = Compile(StateMessage);
const checkCommandAnswer = Compile(CommandAnswer);

type Checked<T extends TSchema> = { readonly message: Static<T> } | { readonly problem: DecodeProblem };

function fieldOf(errors: readonly { instancePath: string; params?: object }[]): string {
  const [first] = errors;
  if (first === undefined) return '';
  const missing = (first.params as { requiredProperties?: string[] } | undefined)?.requiredProperties?.[0];
  return missing ?? first.instancePath.slice(1).replaceAll('/', '.');
}

function check<T extends TSchema>(
  validator: { Check(value: unknown): boolean; Errors(value: unknown): unknown },
  value: unknown,
): Checked<T> {
  if (validator.Check(value)) return { message: value as Static<T> };
  const errors = [...(validator.Errors(value) as Iterable<{ instancePath: string; params?: object }>)];
  return { problem: { code: 'INGEST_SHAPE_INVALID', field: fieldOf(errors) } };
}

/** A parsed `fault` payload, or the field that is wrong. */
export function decodeFault(value: unknown): Checked<typeof FaultMessage> {
  return check(checkFault, value);
}

/** A parsed `state` payload, or the field that is wrong. */
export function decodeState(value: unknown): Checked<typeof StateMessage> {
  return check(checkState, value);
}

/** A parsed `cmd/ack` payload, or the field that is wrong. */
export function decodeCommandAnswer(value: unknown): Checked<typeof CommandAnswer> {
  return check(checkCommandAnswer, value);
}
