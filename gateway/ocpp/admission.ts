import type { SecretHasher } from '#platform/auth/secrets.ts';
import type { PendingDevices } from '../devices/pending.ts';
import type { DeviceRegistry, RegisteredDevice } from '../devices/registry.ts';
import { type Admission, type Handshake, OCPP_16 } from './ocpp-rpc.ts';
import type { Counters, RefusalReason } from './refusals.ts';

/** Who has been let in, and from where. */
export interface Visitor {
  readonly device: RegisteredDevice;
  readonly remoteAddress: string | null;
}

interface AdmissionDeps {
  readonly registry: DeviceRegistry;
  readonly secrets: SecretHasher;
  readonly pending: PendingDevices;
  readonly counters: Counters;
}

const KEY_BYTES = 20;

/** Decides who may connect: a registered charging pile with its password (security profile 1), and why not. */
export function createAdmission(deps: AdmissionDeps): (handshake: Handshake) => Admission<Visitor> {
  const { registry, secrets, pending, counters } = deps;
  const refuse = (status: number, reason: RefusalReason) => {
    counters.refused(reason);
    return { status, reason: reason.replaceAll('_', ' ') };
  };
  return ({ identity, password, protocols, remoteAddress = null }) => {
    const device = registry.findByUsername(identity);
    if (device?.ref.kind !== 'charging_pile') {
      pending.seen(identity, 'ocpp', remoteAddress);
      return refuse(404, 'unknown_identity');
    }
    if (!secrets.verify(secretOf(password), device.secretHash)) return refuse(401, 'wrong_password');
    if (!device.isEnabled) return refuse(403, 'device_disabled');
    const hasProtocol = protocols.has(OCPP_16);
    if (!hasProtocol) counters.refused(protocols.size === 0 ? 'no_subprotocol' : 'foreign_subprotocol');
    return { visitor: { device, remoteAddress }, hasProtocol };
  };
}

/**
 * The 40 hex digits that we issue, or the 20 bytes they stand for: a station is configured with digits and sends
 * bytes (1.6 AuthorizationKey), or sends what it was given.
 */
function secretOf(password: Buffer | undefined): string {
  if (password === undefined) return '';
  return password.length === KEY_BYTES ? password.toString('hex') : password.toString('latin1').toLowerCase();
}
