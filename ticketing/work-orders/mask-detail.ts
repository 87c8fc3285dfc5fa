import type { WorkOrderStatus } from '#contracts/statuses.ts';
import type { WorkOrderDetail } from '#contracts/work-orders.ts';
import { type Actor, partnerCentreId } from '#platform/auth/actor.ts';

/** From here on nobody needs to reach the customer for the work any more. */
const OVER: readonly WorkOrderStatus[] = ['submitted', 'reviewed', 'archived', 'cancelled'];

/**
 * The card as this reader may see it (requirement R1): a partner's people see whom to call and where to go while the
 * work is theirs to do, and of the assignments those of their own centre; they cancel nothing.
 */
export function maskDetail(actor: Actor, detail: WorkOrderDetail): WorkOrderDetail {
  const partner = partnerCentreId(actor);
  if (partner === null) return detail;
  const dispatches = detail.dispatches.filter(({ centreId }) => centreId === partner);
  const allowedActions = detail.allowedActions.filter((action) => action !== 'cancel');
  if (!OVER.includes(detail.status)) return { ...detail, dispatches, allowedActions };
  const { customer, site, signature, unit } = detail;
  return {
    ...detail,
    dispatches,
    allowedActions,
    customer: customer && { ...customer, name: '***' },
    contact: null,
    site: site && { ...site, name: '***', address: null },
    unit: unit && { ...unit, serial: null },
    signature: signature && { ...signature, name: null },
    appointment: detail.appointment && { ...detail.appointment, confirmedBy: null },
    consent: detail.consent && { ...detail.consent, by: null },
    evidence: [],
    masked: [
      'customer.name',
      'contact',
      'site.name',
      'site.address',
      'unit.serial',
      'signature.name',
      'appointment.confirmedBy',
      'consent.by',
      'evidence',
    ],
  };
}
