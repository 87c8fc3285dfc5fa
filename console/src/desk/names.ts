import { useQuery } from '@tanstack/react-query';
import { findDeviceModel } from '#contracts/device-models.ts';
import { connectorOf } from '#contracts/ocpp.ts';
import { findPlaybook } from '#contracts/playbooks.ts';
import { sitesQuery, techniciansQuery, unitsQuery } from '../api/queries.ts';
import { useTexts } from '../i18n/i18n.ts';
import { useMe } from './me.ts';

/** Registered units and sites of devices; empty for those who may not read the register. */
export function useRegister() {
  const { may } = useMe();
  const enabled = may('customers:read');
  const units = useQuery({ ...unitsQuery(), enabled });
  const sites = useQuery({ ...sitesQuery(), enabled });
  const unitById = new Map(units.data?.items.map((unit) => [unit.id, unit]));
  const siteById = new Map(sites.data?.items.map((site) => [site.id, site]));
  return {
    unitOf: (unitId: string | null) => (unitId === null ? undefined : unitById.get(unitId)),
    siteOf: (siteId: string | null | undefined) => (siteId ? siteById.get(siteId) : undefined),
  };
}

/** Names of technicians, for those who may know them; one's own always. */
export function useTechnicianName() {
  const { t } = useTexts();
  const { me, may } = useMe();
  const { data } = useQuery({ ...techniciansQuery(), enabled: may('people:read') });
  const nameById = new Map(data?.items.map(({ id, name }) => [id, name]));
  return (technicianId: string) => {
    if (technicianId === me.technicianId) return t('detail.you');
    return nameById.get(technicianId) ?? t('detail.person');
  };
}

export function useModelName() {
  const { local } = useTexts();
  return (model: string) => {
    const known = findDeviceModel(model);
    return known === undefined ? model : local(known.label);
  };
}

/** Who did something: a part of the system, oneself or a colleague. */
export function usePersonName() {
  const { t } = useTexts();
  const { me } = useMe();
  return (by: string) => {
    if (by.startsWith('system')) return t('detail.automatic');
    return by === me.id ? t('detail.you') : t('detail.person');
  };
}

/** A part as people call it: a pile's connector by its number, any other by its own name; `''` stays empty. */
export function useComponentName() {
  const { t } = useTexts();
  return (component: string) => {
    const number = connectorOf(component);
    return number === null || number === 0 ? component : t('unit.connector', { number });
  };
}

/** Why a ticket or an order moved: in words where the reason is a name of ours, else as it was written. */
export function useReasonText() {
  const { t, local, nameOf } = useTexts();
  return (reason: string): string => {
    const [, minutes] = /^not answered within (\d+) minutes$/.exec(reason) ?? [];
    if (minutes !== undefined) return t('detail.unansweredFor', { count: Number(minutes) });
    const playbook = findPlaybook(reason);
    return playbook === undefined ? nameOf('moveReason', reason) : local(playbook.label);
  };
}
