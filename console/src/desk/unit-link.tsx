import { Link } from '../link.tsx';
import { unitPath } from '../router.ts';
import { useMe } from './me.ts';

/** A unit by its id, which leads to its page for those who may see that. */
export function UnitLink({ deviceId }: { readonly deviceId: string }) {
  const { may } = useMe();
  return may('devices:read') ? <Link to={unitPath(deviceId)}>{deviceId}</Link> : deviceId;
}
