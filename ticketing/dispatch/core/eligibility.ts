import type { CentreKind } from '#contracts/centres.ts';
import type { ExclusionReason, HoldReason } from '#contracts/work-orders.ts';

/** What decides whether a technician can be sent at all. */
export interface Standing {
  /** What they hold for the skill that the order asks for. */
  readonly certificate: 'valid' | 'expired' | 'revoked' | 'unsigned' | 'none';
  readonly centre: {
    readonly id: string;
    readonly kind: CentreKind;
    readonly zones: readonly string[];
  } | null;
  readonly isCentreCertified: boolean;
  readonly availability:
    | { readonly state: 'on_shift'; readonly minutesLeft: number | null }
    | { readonly state: 'on_call' | 'off_shift' | 'on_leave' };
  /** How they answered this order before. */
  readonly answer: 'declined' | 'unanswered' | null;
}

export interface Demand {
  readonly isUrgent: boolean;
  readonly zone: string | null;
}

const CERTIFICATE_REASONS = {
  none: 'no_certificate',
  unsigned: 'certificate_unsigned',
  expired: 'certificate_expired',
  revoked: 'certificate_revoked',
} as const;

/** Why somebody cannot be sent; null for who can. On-call people go off shift where it is urgent. */
export function exclusionOf(demand: Demand, standing: Standing): ExclusionReason | null {
  const { certificate, centre, availability, answer } = standing;
  if (certificate !== 'valid') return CERTIFICATE_REASONS[certificate];
  if (!standing.isCentreCertified) return 'centre_uncertified';
  if (centre !== null && !servesZone(centre, demand.zone)) return 'out_of_zone';
  if (answer !== null) return answer;
  if (availability.state === 'on_shift') return null;
  if (availability.state === 'on_leave') return 'on_leave';
  return availability.state === 'on_call' && demand.isUrgent ? null : 'off_shift';
}

/** Own centres help each other out; a partner works in its zones only. */
function servesZone(centre: NonNullable<Standing['centre']>, zone: string | null): boolean {
  if (centre.kind === 'own' || centre.zones.length === 0) return true;
  return zone !== null && centre.zones.includes(zone);
}

/** The nearer somebody is to being sent, the more their reason tells. */
const TELLING: readonly (readonly [ExclusionReason, HoldReason])[] = [
  ['off_shift', 'off_shift'],
  ['on_leave', 'off_shift'],
  ['declined', 'all_declined'],
  ['unanswered', 'all_declined'],
  ['out_of_zone', 'out_of_zone'],
  ['centre_uncertified', 'certificate_expired'],
  ['certificate_expired', 'certificate_expired'],
  ['certificate_revoked', 'certificate_expired'],
];

/** Why an order waits when everybody is excluded. */
export function holdReasonOf(reasons: readonly ExclusionReason[]): HoldReason {
  return TELLING.find(([reason]) => reasons.includes(reason))?.[1] ?? 'no_skill';
}
