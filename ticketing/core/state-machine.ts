/** Data that a move needs and does not have: which field, under which stable code. */
export interface GuardFailure {
  readonly code: string;
  readonly field: string;
  readonly message: string;
  /** `invalid` where the caller can supply it with the action, `conflict` where something must happen first. */
  readonly kind: 'invalid' | 'conflict';
}

/** What a move asks of the facts; null lets it pass. */
export type Guard<F> = (facts: F) => GuardFailure | null;

export interface Transition<S extends string, A extends string, G extends string> {
  readonly from: readonly S[];
  readonly action: A;
  readonly to: S;
  readonly guards: readonly G[];
}

/** A state machine as data. One (state, action) pair has at most one transition. */
export interface StateMachine<S extends string, A extends string, F, G extends string = string> {
  readonly noun: string;
  readonly states: readonly S[];
  readonly transitions: readonly Transition<S, A, G>[];
  readonly guards: Readonly<Record<G, Guard<F>>>;
}

export type Move<S extends string, A extends string> =
  | { readonly outcome: 'moved'; readonly to: S }
  | { readonly outcome: 'illegal'; readonly allowed: readonly A[] }
  | { readonly outcome: 'guarded'; readonly failure: GuardFailure };

/** The actions that lead anywhere from a state, whatever their guards say. */
export function allowedActions<S extends string, A extends string, F, G extends string>(
  machine: StateMachine<S, A, F, G>,
  state: S,
): readonly A[] {
  return machine.transitions.filter(({ from }) => from.includes(state)).map(({ action }) => action);
}

/** Where an action leads from a state under these facts. Pure: nothing moves without its guards' consent. */
export function move<S extends string, A extends string, F, G extends string>(
  machine: StateMachine<S, A, F, G>,
  at: { readonly state: S; readonly action: A },
  facts: F,
): Move<S, A> {
  const transition = machine.transitions.find(
    ({ from, action }) => action === at.action && from.includes(at.state),
  );
  if (transition === undefined) {
    return { outcome: 'illegal', allowed: allowedActions(machine, at.state) };
  }
  for (const guard of transition.guards) {
    const failure = machine.guards[guard](facts);
    if (failure !== null) return { outcome: 'guarded', failure };
  }
  return { outcome: 'moved', to: transition.to };
}
