import { useQuery } from '@tanstack/react-query';
import { Input, Segmented } from 'antd';
import { useDeferredValue, useState } from 'react';
import type { Device } from '#contracts/devices.ts';
import { DEVICE_KINDS } from '#contracts/metrics.ts';
import {
  connectorsQuery,
  devicesQuery,
  type Latest,
  LIST_LIMIT,
  latestQuery,
  openAlarmsQuery,
} from '../api/queries.ts';
import { useTexts } from '../i18n/i18n.ts';
import { kindOf } from '../unit/kind.ts';
import { Answer } from './answer.tsx';
import { useMe } from './me.ts';
import { useRegister } from './names.ts';
import { alarmsByDevice, countAlarms, severityRank } from './open-work.ts';
import type { UnitRow } from './unit-cells.tsx';
import { UnitList } from './unit-list.tsx';

const SHOWS = ['all', 'online', 'offline'] as const;
type Show = (typeof SHOWS)[number];
const KINDS = ['all', ...DEVICE_KINDS] as const;
type Kind = (typeof KINDS)[number];

export function UnitsPanel() {
  const { t } = useTexts();
  const [text, setText] = useState('');
  const [show, setShow] = useState<Show>('all');
  const [kind, setKind] = useState<Kind>('all');
  const q = useDeferredValue(text.trim());
  const filter = {
    ...(q !== '' && { q }),
    ...(show !== 'all' && { isConnected: show === 'online' }),
    ...(kind !== 'all' && { kind }),
  };
  const devices = useQuery(devicesQuery(filter));
  const isFiltered = q !== '' || show !== 'all' || kind !== 'all';

  return (
    <section aria-label={t('tab.units')}>
      <div className="filters">
        <Input.Search
          allowClear
          value={text}
          maxLength={64}
          onChange={(event) => setText(event.target.value)}
          placeholder={t('filter.search')}
          aria-label={t('filter.search')}
        />
        <Segmented<Show>
          value={show}
          onChange={setShow}
          aria-label={t('filter.show')}
          options={SHOWS.map((value) => ({ value, label: t(`filter.${value}`) }))}
        />
        <Segmented<Kind>
          value={kind}
          onChange={setKind}
          aria-label={t('filter.kind')}
          options={KINDS.map((value) => ({
            value,
            label: value === 'all' ? t('filter.allKinds') : t(`kind.${value}`),
          }))}
        />
      </div>
      <Answer query={devices}>
        {({ items, nextCursor }) => (
          <>
            <Rows devices={items} empty={t(isFiltered ? 'empty.unitsFiltered' : 'empty.units')} />
            {nextCursor !== null && (
              <p className="quiet">{t('filter.limitedUnits', { count: LIST_LIMIT })}</p>
            )}
          </>
        )}
      </Answer>
    </section>
  );
}

function Rows({ devices, empty }: { readonly devices: readonly Device[]; readonly empty: string }) {
  return <UnitList rows={useUnitRows(devices)} empty={empty} />;
}

/** Troubled units first, then those that are away; otherwise in the order of their ids. */
function useUnitRows(devices: readonly Device[]): UnitRow[] {
  const { may } = useMe();
  const { unitOf, siteOf } = useRegister();
  const latest = useQuery({
    ...latestQuery(devices.map(({ id }) => id)),
    enabled: devices.length > 0 && may('telemetry:read'),
  });
  const pileIds = devices.filter((device) => kindOf(device) === 'charging_pile').map(({ id }) => id);
  const connectors = useQuery(connectorsQuery(pileIds));
  const alarms = useQuery({ ...openAlarmsQuery(), enabled: may('alarms:read') });
  const counts = alarms.data && alarmsByDevice(alarms.data.items);
  const newest = new Map<string, Latest>();
  for (const item of latest.data?.items ?? []) {
    if (item.component === '' || !newest.has(item.deviceId)) newest.set(item.deviceId, item);
  }
  const parts = partsByDevice(latest.data?.items ?? []);
  const states = partsByDevice(connectors.data?.items ?? []);
  const rows = devices.map((device): UnitRow => {
    const unit = unitOf(device.unitId);
    return {
      device,
      latest: newest.get(device.id),
      parts: parts.get(device.id) ?? [],
      connectors: states.get(device.id) ?? [],
      alarms: counts && (counts.get(device.id) ?? countAlarms([])),
      serial: unit?.serial ?? null,
      site: siteOf(device.siteId ?? unit?.siteId)?.name ?? null,
    };
  });
  const rank = ({ alarms, device }: UnitRow) =>
    severityRank(alarms?.worst ?? null) * 2 + (device.isConnected ? 1 : 0);
  return rows.sort((one, other) => rank(one) - rank(other));
}

/** What is known of the parts of each device, by the device. */
function partsByDevice<T extends { readonly deviceId: string; readonly component: string }>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    if (item.component === '') continue;
    const group = groups.get(item.deviceId) ?? [];
    group.push(item);
    groups.set(item.deviceId, group);
  }
  return groups;
}
