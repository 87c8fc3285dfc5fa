import type { ORDER_ACTIONS } from './order-actions.ts';

interface Texts {
  readonly summary: string;
  readonly description?: string;
}

const ORDER_OF_STEPS =
  'Order of the steps: accept → contact → appoint → depart → arrive → diagnose → (request-consent → consent, wait-parts → parts-arrived) → start-repair → test → sign → submit → review by another user → archive. A step out of order is 409 with the steps that are `allowed`; a step whose data is missing is 422 and names the field.';

/** What the API reference says of each action on a work order. */
export const ORDER_ACTION_TEXTS: Readonly<Record<keyof typeof ORDER_ACTIONS, Texts>> = {
  assign: {
    summary: 'Send a technician, or another one, by hand',
    description: `New orders are dispatched by themselves; this overrules it until departure. T6, until the customer is called, starts. 422 \`WORK_ORDER_TECHNICIAN_SAME\`: has it already. ${ORDER_OF_STEPS}`,
  },
  reassign: {
    summary: 'Move the work order from its technician to another, with a reason',
    description:
      'Until arrival. What was agreed with the first no longer holds and T6 starts anew for the second. 409 `WORK_ORDER_TECHNICIAN_UNCERTIFIED`: no valid certificate for the skill.',
  },
  accept: {
    summary: 'Accept the work order; the ticket is acknowledged',
    description: `T1 and T2 of the ticket stop. 409 \`WORK_ORDER_TECHNICIAN_UNCERTIFIED\`: its technician has no valid certificate for the skill any more; setting out and arriving are refused alike. ${ORDER_OF_STEPS}`,
  },
  decline: {
    summary: 'Decline the work order, with a reason',
    description: 'It goes to the next best technician, or waits for a dispatcher when all have declined.',
  },
  withdraw: {
    summary: 'Take the work order back from its technician, with a reason',
    description: 'Possible until arrival; what was agreed with that technician no longer holds.',
  },
  contact: {
    summary: 'Note the call to the customer: arrival told, symptom confirmed',
    description: 'Needs `etaAt` and `symptomConfirmed: true`. T6 stops.',
  },
  appoint: {
    summary: 'Agree on an appointment, or move it',
    description: 'Needs `from`.',
  },
  depart: { summary: 'Set out for the site', description: 'Needs an appointment.' },
  arrive: { summary: 'Arrive on site' },
  diagnose: {
    summary: 'Say which cause was found; again when the repair shows another',
    description: 'Needs `confirmedCause`. Planned work may start its repair without.',
  },
  'request-consent': {
    summary: "Ask for the customer's consent to a repair",
    description: 'From the diagnosis; the order waits for the answer.',
  },
  consent: {
    summary: "Note the customer's answer to the request for consent",
    description:
      'Needs `agreed`. After a refusal only a new request that is agreed to lets the repair start.',
  },
  'wait-parts': { summary: 'Wait for parts, with a reason' },
  'parts-arrived': { summary: 'The parts are there: back to the diagnosis, ready to start the repair' },
  'start-repair': {
    summary: 'Start the repair',
    description:
      '409 `WORK_ORDER_NOT_DIAGNOSED`: diagnose first. 409 `WORK_ORDER_CONSENT_MISSING`: the customer has not agreed to what costs them money.',
  },
  test: {
    summary: 'Note the test after the repair',
    description:
      'Say `passed: true` or `passed: false`. One that passed ends the repair: the ticket is resolved, telemetry is watched for proof, T9 (the call back) starts. One that failed leaves the order in repair.',
  },
  sign: {
    summary: "Take the customer's signature, or note why there is none",
    description:
      'Needs `name` and `strokes`, or `refusedReason`. The card shows the SHA-256 of the strokes. Signed and proved, the ticket closes.',
  },
  submit: { summary: 'Submit the report for review' },
  review: {
    summary: "Review another user's report",
    description: '409 `WORK_ORDER_SELF_REVIEW`: whoever submitted it cannot review it.',
  },
  archive: { summary: 'Archive the reviewed work order' },
  cancel: {
    summary: 'Cancel the work order before its test, with a reason',
    description:
      "A ticket in progress whose last work this was is `assessed` again: open a new order, or end it. 403 `WORK_ORDER_CANCEL_NOT_YOURS`: a partner's people withdraw or decline.",
  },
};
