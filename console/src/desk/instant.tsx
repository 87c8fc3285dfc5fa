import { formatDistance, formatTime } from '../format/times.ts';
import { useTexts } from '../i18n/i18n.ts';
import { useNow } from './use-now.ts';

interface InstantProps {
  readonly at: string;
  /** `distance` says how far away it is; `time` when it is. The other one shows when pointed at. */
  readonly form?: 'distance' | 'time';
}

/** An instant, in local time. */
export function Instant({ at, form = 'time' }: InstantProps) {
  const { language } = useTexts();
  const ms = Date.parse(at);
  const time = useNow((nowMs) => formatTime(ms, nowMs, language));
  const distance = useNow((nowMs) => formatDistance(ms, nowMs, language));
  const [shown, title] = form === 'distance' ? [distance, time] : [time, distance];
  return (
    <time dateTime={at} title={title} className="instant">
      {shown}
    </time>
  );
}
