import type { UseQueryResult } from '@tanstack/react-query';
import { Alert, Button, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { formatTime } from '../format/times.ts';
import { useTexts } from '../i18n/i18n.ts';

interface AnswerProps<T> {
  readonly query: UseQueryResult<T>;
  /** Said instead of the refusal when the record is not there. */
  readonly missing?: string;
  readonly children: (data: T) => ReactNode;
}

/** What the server answers, or that it is awaited, was refused or could not be refreshed, and what to do then. */
export function Answer<T>({ query, missing, children }: AnswerProps<T>) {
  if (query.data !== undefined && !(query.error instanceof ApiError && query.error.status === 404)) {
    return (
      <>
        {query.isError && <Stale query={query} />}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failed query={query} missing={missing} />;
  return <Skeleton active title={false} paragraph={{ rows: 5 }} className="waiting" />;
}

function Retry({ query }: { query: UseQueryResult<unknown> }) {
  const { t } = useTexts();
  return (
    <Button size="small" loading={query.isFetching} onClick={() => void query.refetch()}>
      {t('state.retry')}
    </Button>
  );
}

function Stale({ query }: { query: UseQueryResult<unknown> }) {
  const { t, language } = useTexts();
  const time = formatTime(query.dataUpdatedAt, Date.now(), language);
  return (
    <Alert
      type="warning"
      showIcon
      title={t('state.staleTitle', { time })}
      action={<Retry query={query} />}
      className="notice"
    />
  );
}

function Failed({ query, missing }: { query: UseQueryResult<unknown>; missing: string | undefined }) {
  const { t } = useTexts();
  const error = query.error instanceof ApiError ? query.error : undefined;
  if (error?.status === 404) {
    return <Alert type="info" showIcon title={missing ?? t('state.notFound')} className="notice" />;
  }
  if (error?.status === 403) {
    return <Alert type="info" showIcon title={t('state.forbidden')} className="notice" />;
  }
  const text = error?.status === 0 ? t('state.awayText') : (error?.message ?? '');
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={error?.status === 0 ? t('state.awayTitle') : t('state.failedTitle')}
      description={text}
      action={<Retry query={query} />}
      className="notice"
    />
  );
}
