import type { WorkOrderDetail } from '#contracts/work-orders.ts';
import { Instant } from '../desk/instant.tsx';
import { VerificationMark } from '../desk/marks.tsx';
import { usePersonName, useReasonText, useTechnicianName } from '../desk/names.ts';
import { formatNumber } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { Part, Steps } from './parts.tsx';

interface OrderProps {
  readonly order: WorkOrderDetail;
}

/** Who was sent, and what each criterion said for them. */
export function Assignments({ order }: OrderProps) {
  const { t, language } = useTexts();
  const nameOf = useTechnicianName();
  if (order.dispatches.length === 0) return null;
  return (
    <Part title={t('detail.assignment')}>
      <Steps
        steps={order.dispatches.map((dispatch) => ({
          key: dispatch.decidedAt,
          at: dispatch.decidedAt,
          children: (
            <>
              <b>{nameOf(dispatch.technicianId)}</b>
              {dispatch.acceptedAt !== null && ` · ${t('detail.accepted')}`}
              {dispatch.declinedAt !== null && ` · ${t('detail.declined')}`}
              {dispatch.unansweredAt !== null && ` · ${t('detail.unanswered')}`}
              {dispatch.withdrawnAt !== null && ` · ${t('detail.withdrawn')}`}
              {dispatch.score !== null &&
                ` · ${t('detail.score', { value: formatNumber(dispatch.score, 2, language) })}`}
              <ul className="score">
                {dispatch.scoreParts.map(({ criterion, score, weight, detail }) => (
                  <li key={criterion} title={detail[language]}>
                    <span>{t(`score.${criterion}`)}</span>
                    <meter min={0} max={1} value={score} aria-label={t(`score.${criterion}`)} />
                    <span className="quiet">
                      {formatNumber(score, 2, language)} × {formatNumber(weight, 2, language)}
                    </span>
                  </li>
                ))}
              </ul>
            </>
          ),
        }))}
      />
    </Part>
  );
}

/** Whether telemetry says that the repair holds. */
export function Proof({ order }: OrderProps) {
  const { t } = useTexts();
  const { verificationEvidence: proof } = order;
  if (proof === null) return null;
  return (
    <Part title={t('detail.proof')}>
      <VerificationMark verification={order.verification} />
      <p className="quiet">
        <Instant at={proof.from} /> – <Instant at={proof.until} />
      </p>
    </Part>
  );
}

export function Log({ order }: OrderProps) {
  const { t, nameOf } = useTexts();
  const personName = usePersonName();
  const reasonText = useReasonText();
  if (order.log.length === 0) return null;
  return (
    <Part title={t('detail.log')}>
      <Steps
        steps={order.log.map(({ id, occurredAt, by, action, text, parts }) => ({
          key: id,
          at: occurredAt,
          children: (
            <>
              <b>{nameOf('orderAction', action)}</b> · {personName(by)}
              {text !== null && <div>{reasonText(text)}</div>}
              {parts.length > 0 && (
                <div className="quiet">
                  {t('detail.parts')}:{' '}
                  {parts.map(({ model, quantity }) => `${model} × ${quantity}`).join(', ')}
                </div>
              )}
            </>
          ),
        }))}
      />
    </Part>
  );
}
