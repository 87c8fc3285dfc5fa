import { Card } from 'antd';
import type { Device } from '#contracts/devices.ts';
import type { UnitDetail } from '#contracts/units.ts';
import { Instant } from '../desk/instant.tsx';
import { useModelName } from '../desk/names.ts';
import { Facts } from '../facts.tsx';
import { formatDate } from '../format/times.ts';
import { useTexts } from '../i18n/i18n.ts';

interface IdentityProps {
  readonly device: Device;
  /** Absent for those who may not read the register. */
  readonly unit: UnitDetail | undefined;
}

export function Identity({ device, unit }: IdentityProps) {
  const { t, nameOf, language } = useTexts();
  const modelName = useModelName();
  const warranty = unit?.warrantyUntil;
  const labels = Object.entries(device.labels).map(([name, value]) => `${name}: ${value}`);
  return (
    <Card title={<h2>{t('field.unit')}</h2>}>
      <Facts
        facts={[
          { label: t('field.number'), value: unit?.number },
          { label: t('field.serial'), value: unit?.serial },
          { label: t('field.kind'), value: nameOf('kind', device.kind) },
          { label: t('field.model'), value: modelName(device.model) },
          { label: t('field.site'), value: unit?.site?.name },
          { label: t('field.address'), value: unit?.site?.address },
          { label: t('field.customer'), value: unit?.customer?.name },
          { label: t('field.warranty'), value: warranty ? formatDate(Date.parse(warranty), language) : null },
          {
            label: t('field.connected'),
            value: device.isConnected && device.lastConnectedAt && <Instant at={device.lastConnectedAt} />,
          },
          { label: t('field.labels'), value: labels.join(', ') },
        ]}
      />
    </Card>
  );
}
