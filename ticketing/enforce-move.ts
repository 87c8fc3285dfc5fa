import { AftercareError } from '#platform/errors.ts';
import { allowedActions, move, type StateMachine } from './core/state-machine.ts';

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
    throw illegalAction(machine, at);
  }
  const { code, field, message, kind } = result.failure;
  throw new AftercareError(code, `${field}: ${message}`, { kind, fields: [{ field, message }] });
}

/** 409 with the moves that the state allows instead; for actions that are no move, too. */
export function illegalAction<S extends string, A extends string, F, G extends string>(
  machine: StateMachine<S, A, F, G>,
  { id, state, action }: { readonly id: string; readonly state: S; readonly action: string },
): AftercareError {
  return new AftercareError(
    `${machine.noun.toUpperCase()}_ILLEGAL_TRANSITION`,
    `${machine.noun.replaceAll('_', ' ')} ${id} is ${state}: ${action} is not allowed now`,
    { kind: 'conflict', allowed: allowedActions(machine, state) },
  );
}
