import type { ServiceRequestStatus } from '#contracts/statuses.ts';
import type { StateMachine } from './state-machine.ts';

export const SERVICE_REQUEST_ACTIONS = ['receive', 'confirm', 'answer'] as const;
export type ServiceRequestAction = (typeof SERVICE_REQUEST_ACTIONS)[number];

/** What the guards of a service request's moves look at. */
export interface ServiceRequestFacts {
  /** Names of required fields without a value (requirement A3). */
  readonly missing: readonly string[];
  readonly readBack: boolean;
  readonly isConsultation: boolean;
  readonly answer: string | null;
}

/** A service request's life. */
export const SERVICE_REQUEST_MACHINE: StateMachine<
  ServiceRequestStatus,
  ServiceRequestAction,
  ServiceRequestFacts,
  'complete' | 'readBack' | 'consultation' | 'answer'
> = {
  noun: 'service_request',
  states: ['draft', 'received', 'confirmed', 'answered'],
  transitions: [
    { action: 'receive', from: ['draft'], to: 'received', guards: [] },
    { action: 'confirm', from: ['draft', 'received'], to: 'confirmed', guards: ['complete', 'readBack'] },
    {
      action: 'answer',
      from: ['draft', 'received', 'confirmed'],
      to: 'answered',
      guards: ['consultation', 'answer'],
    },
  ],
  guards: {
    complete: ({ missing }) =>
      missing[0] === undefined
        ? null
        : {
            code: 'SERVICE_REQUEST_INCOMPLETE',
            field: missing[0],
            message: `missing: ${missing.join(', ')}`,
            kind: 'invalid',
          },
    readBack: ({ readBack }) =>
      readBack
        ? null
        : {
            code: 'SERVICE_REQUEST_READ_BACK_MISSING',
            field: 'readBack',
            message: 'read the report back to the customer first',
            kind: 'conflict',
          },
    consultation: ({ isConsultation }) =>
      isConsultation
        ? null
        : {
            code: 'SERVICE_REQUEST_NOT_A_CONSULTATION',
            field: 'type',
            message: 'only a consultation is answered; this one becomes work',
            kind: 'conflict',
          },
    answer: ({ answer }) =>
      answer !== null && answer.trim() !== ''
        ? null
        : {
            code: 'SERVICE_REQUEST_ANSWER_MISSING',
            field: 'text',
            message: 'give the answer',
            kind: 'invalid',
          },
  },
};
