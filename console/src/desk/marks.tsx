import type { ReactNode } from 'react';
import type { AlarmState, Severity } from '#contracts/alarms.ts';
import type { ConnectorStatus } from '#contracts/metrics.ts';
import type { Priority } from '#contracts/priority.ts';
import type { TicketStatus, Verification, WorkOrderStatus } from '#contracts/statuses.ts';
import { useTexts } from '../i18n/i18n.ts';

/** Shapes differ, so that states are told apart without colour. */
const SHAPES = {
  disc: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  ring: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  half: (
    <>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="M6 2a4 4 0 0 1 0 8z" fill="currentColor" />
    </>
  ),
  diamond: <path d="M6 .6 11.4 6 6 11.4.6 6z" fill="currentColor" />,
  triangle: <path d="M6 1 11.5 11H.5z" fill="currentColor" />,
  square: <rect x="2" y="2" width="8" height="8" rx="1" fill="currentColor" />,
  bar: <rect x="1" y="4.6" width="10" height="2.8" rx="1.2" fill="currentColor" />,
  check: <path d="m1.5 6.3 3 3 6-6.6" fill="none" stroke="currentColor" strokeWidth="2.2" />,
  cross: <path d="m2 2 8 8m0-8-8 8" fill="none" stroke="currentColor" strokeWidth="2.2" />,
} as const;

export type Shape = keyof typeof SHAPES;
export type Tone = 'good' | 'critical' | 'major' | 'minor' | 'warning' | 'quiet' | 'brand';

interface MarkProps {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly children: ReactNode;
}

/** A state: its shape, its colour and its name. */
export function Mark({ shape, tone, children }: MarkProps) {
  return (
    <span className={`mark tone-${tone}`}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        {SHAPES[shape]}
      </svg>
      <span>{children}</span>
    </span>
  );
}

const SEVERITY_SHAPES: Readonly<Record<Severity, Shape>> = {
  critical: 'diamond',
  major: 'triangle',
  minor: 'square',
  warning: 'bar',
};

export function SeverityMark({ severity, children }: { severity: Severity; children?: ReactNode }) {
  const { t } = useTexts();
  return (
    <Mark shape={SEVERITY_SHAPES[severity]} tone={severity}>
      {children ?? t(`severity.${severity}`)}
    </Mark>
  );
}

export function OnlineMark({ device }: { device: { isConnected: boolean; isEnabled: boolean } }) {
  const { t } = useTexts();
  if (!device.isEnabled) {
    return (
      <Mark shape="cross" tone="quiet">
        {t('unit.disabled')}
      </Mark>
    );
  }
  return device.isConnected ? (
    <Mark shape="disc" tone="good">
      {t('unit.online')}
    </Mark>
  ) : (
    <Mark shape="ring" tone="major">
      {t('unit.offline')}
    </Mark>
  );
}

const ALARM_LOOKS: Readonly<Record<AlarmState, readonly [Shape, Tone]>> = {
  normal: ['check', 'good'],
  unacknowledged: ['disc', 'critical'],
  acknowledged: ['half', 'brand'],
  returned: ['ring', 'minor'],
  shelved: ['bar', 'quiet'],
  suppressed: ['bar', 'quiet'],
  out_of_service: ['cross', 'quiet'],
};

export function AlarmStateMark({ state }: { state: AlarmState }) {
  const { t } = useTexts();
  const [shape, tone] = ALARM_LOOKS[state];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`alarmState.${state}`)}
    </Mark>
  );
}

const PRIORITY_TONES: Readonly<Record<Priority, Tone>> = {
  P1: 'critical',
  P2: 'major',
  P3: 'minor',
  P4: 'warning',
};

export function PriorityMark({ priority }: { priority: Priority }) {
  return <span className={`priority tone-${PRIORITY_TONES[priority]}`}>{priority}</span>;
}

export type Look = readonly [Shape, Tone];
const WAITS: Look = ['ring', 'major'];
const MOVES: Look = ['half', 'brand'];
const DONE: Look = ['check', 'good'];
const ENDED: Look = ['check', 'quiet'];
const DROPPED: Look = ['cross', 'quiet'];

const TICKET_LOOKS: Readonly<Record<TicketStatus, Look>> = {
  open: WAITS,
  assessed: ['disc', 'brand'],
  in_progress: MOVES,
  resolved: DONE,
  verifying: ['half', 'good'],
  closed: ENDED,
  merged: DROPPED,
  cancelled: DROPPED,
};

export function TicketStatusMark({ status }: { status: TicketStatus }) {
  const { t } = useTexts();
  const [shape, tone] = TICKET_LOOKS[status];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`ticketStatus.${status}`)}
    </Mark>
  );
}

const ORDER_LOOKS: Readonly<Partial<Record<WorkOrderStatus, Look>>> = {
  planned: WAITS,
  dispatched: ['disc', 'brand'],
  waiting_consent: ['bar', 'minor'],
  waiting_parts: ['bar', 'minor'],
  tested: DONE,
  signed: DONE,
  submitted: DONE,
  reviewed: DONE,
  archived: ENDED,
  cancelled: DROPPED,
};

export function OrderStatusMark({ status }: { status: WorkOrderStatus }) {
  const { t } = useTexts();
  const [shape, tone] = ORDER_LOOKS[status] ?? MOVES;
  return (
    <Mark shape={shape} tone={tone}>
      {t(`orderStatus.${status}`)}
    </Mark>
  );
}

const PROOF_LOOKS: Readonly<Record<Verification, Look>> = {
  none: ['ring', 'quiet'],
  pending: ['half', 'brand'],
  verified: DONE,
  recurred: ['diamond', 'critical'],
};

export function VerificationMark({ verification }: { verification: Verification }) {
  const { t } = useTexts();
  const [shape, tone] = PROOF_LOOKS[verification];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`verification.${verification}`)}
    </Mark>
  );
}

const CONNECTOR_LOOKS: Readonly<Record<ConnectorStatus, Look>> = {
  available: ['ring', 'good'],
  preparing: ['half', 'brand'],
  charging: ['disc', 'brand'],
  suspended_evse: ['bar', 'minor'],
  suspended_ev: ['bar', 'quiet'],
  finishing: ['half', 'brand'],
  reserved: ['square', 'quiet'],
  unavailable: ['cross', 'quiet'],
  faulted: ['diamond', 'critical'],
};

export function ConnectorMark({ status }: { status: ConnectorStatus }) {
  const { t } = useTexts();
  const [shape, tone] = CONNECTOR_LOOKS[status];
  return (
    <Mark shape={shape} tone={tone}>
      {t(`connectorStatus.${status}`)}
    </Mark>
  );
}
