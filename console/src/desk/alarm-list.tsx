import { useMutation, useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import type { Alarm } from '#contracts/alarms.ts';
import { ApiError, postJson } from '../api/client.ts';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink, Link } from '../link.tsx';
import { unitPath } from '../router.ts';
import { type Column, DataList, useIsWide } from './data-list.tsx';
import { Instant } from './instant.tsx';
import { AlarmStateMark, SeverityMark } from './marks.tsx';
import { useMe } from './me.ts';
import { useComponentName } from './names.ts';
import { severityRank } from './open-work.ts';

interface AlarmListProps {
  readonly alarms: readonly Alarm[];
  readonly empty: string;
  /** On a unit's own page it need not be named. */
  readonly hidesUnit?: boolean;
}

export function AlarmList({ alarms, empty, hidesUnit = false }: AlarmListProps) {
  const { t, local } = useTexts();
  const unit: Column<Alarm> = {
    key: 'unit',
    title: t('field.unit'),
    by: ({ deviceId }) => deviceId,
    render: (alarm) => <AlarmUnit alarm={alarm} />,
  };
  const columns: Column<Alarm>[] = [
    {
      key: 'severity',
      title: t('field.severity'),
      by: ({ severity }) => severityRank(severity),
      render: ({ severity }) => <SeverityMark severity={severity} />,
    },
    {
      key: 'state',
      title: t('field.state'),
      by: ({ state }) => state,
      render: ({ state }) => <AlarmStateMark state={state} />,
    },
    {
      key: 'alarm',
      title: t('field.alarm'),
      render: (alarm) => (
        <span className="two-lines wide-cell">
          <AlarmTitle alarm={alarm} namesPart={hidesUnit} />
          <span className="quiet">{local(alarm.reason.text)}</span>
        </span>
      ),
    },
    ...(hidesUnit ? [] : [unit]),
    {
      key: 'since',
      title: t('field.since'),
      by: ({ raisedAt }) => raisedAt,
      render: ({ raisedAt }) => <Instant at={raisedAt} />,
    },
    {
      key: 'actions',
      title: t('field.actions'),
      render: (alarm) => <AlarmActions alarm={alarm} />,
    },
  ];
  return (
    <DataList
      label={t('tab.alarms')}
      rows={alarms}
      rowKey={({ id }) => id}
      columns={columns}
      empty={empty}
      card={(alarm) => (
        <div className="card">
          <span className="card-line">
            <SeverityMark severity={alarm.severity} />
            <AlarmStateMark state={alarm.state} />
          </span>
          <AlarmTitle alarm={alarm} namesPart={hidesUnit} />
          <span className="quiet">{local(alarm.reason.text)}</span>
          <span className="card-line">
            {hidesUnit ? <span /> : <AlarmUnit alarm={alarm} />}
            <Instant at={alarm.raisedAt} />
          </span>
          <AlarmActions alarm={alarm} />
        </div>
      )}
    />
  );
}

function AlarmTitle({ alarm, namesPart }: { readonly alarm: Alarm; readonly namesPart: boolean }) {
  const { local } = useTexts();
  const componentName = useComponentName();
  return (
    <span>
      <strong>{local(alarm.title)}</strong>
      {namesPart && alarm.component !== '' && (
        <span className="quiet"> · {componentName(alarm.component)}</span>
      )}
    </span>
  );
}

function AlarmUnit({ alarm }: { readonly alarm: Alarm }) {
  const componentName = useComponentName();
  return (
    <span>
      <Link to={unitPath(alarm.deviceId)}>{alarm.deviceId}</Link>
      {alarm.component !== '' && <span className="quiet"> · {componentName(alarm.component)}</span>}
    </span>
  );
}

function AlarmActions({ alarm }: { readonly alarm: Alarm }) {
  const { t, local } = useTexts();
  const { may } = useMe();
  const isWide = useIsWide();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const acknowledge = useMutation({
    mutationFn: () => postJson<Alarm>(`/alarms/${alarm.id}/acknowledge`),
    onError: (error) => {
      const detail = error instanceof ApiError ? error.message : '';
      void message.error(t('alarm.acknowledgeFailed', { detail }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['alarms'] }),
  });
  const awaits = alarm.state === 'unacknowledged' || alarm.state === 'returned';
  return (
    <span className="row-actions">
      {awaits && may('alarms:acknowledge') && (
        <Button
          size={isWide ? 'small' : 'middle'}
          loading={acknowledge.isPending}
          onClick={() => acknowledge.mutate()}
          aria-label={`${t('alarm.acknowledge')}: ${local(alarm.title)}, ${alarm.deviceId}`}
        >
          {t('alarm.acknowledge')}
        </Button>
      )}
      {alarm.ticketId !== null && may('tickets:read') && (
        <DetailLink detail={{ kind: 'ticket', id: alarm.ticketId }}>{t('field.ticket')}</DetailLink>
      )}
    </span>
  );
}
