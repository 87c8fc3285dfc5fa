import { AftercareError } from '#platform/errors.ts';
import { move, type StateMachine } from './core/state-machine.ts';

/**
 * Where the action leads, or throws: 409 with the allowed actions for an illegal move, 409 or 422 naming the
 * field that a guard misses.
 */
export function enforceMove<S extends string, A extends string, F, G extends string>(
  machine: StateMachine<S, A, F, G>,
  at: { readonly id: string; readonly state: S; readonly action: A },
  facts: F,
): S {
  const result = move(machine, at, facts);
  if (result.outcome === 'moved') return result.to;
  if (result.outcome === 'illegal') {
    throw new AftercareError(
      `${machine.noun.toUpperCase()}_ILLEGAL_TRANSITION`,
      `${machine.noun.replaceAll('_', ' ')} ${at.id} is ${at.state}: ${at.action} is not allowed now`,
      { kind: 'conflict', allowed: result.allowed },
    );
  }
  const { code, field, message, kind } = result.failure;
  throw new AftercareError(code, `${field}: ${message}`, { kind, fields: [{ field, message }] });
}
