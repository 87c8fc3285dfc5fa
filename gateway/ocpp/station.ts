import type { RegisteredDevice } from '../devices/registry.ts';
import type { Inbox } from './inbox.ts';
import type { StationSocket } from './ocpp-rpc.ts';

/** A charging station that is connected. */
export interface Station {
  /** Its `ref` follows changes of the registration. */
  readonly device: RegisteredDevice;
  readonly socket: StationSocket;
  readonly inbox: Inbox;
  readonly remoteAddress: string | null;
  /** Sweeps since it was last heard of. */
  silentSweeps: number;
}
