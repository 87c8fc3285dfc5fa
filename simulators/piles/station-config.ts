import type { Payload } from './station-link.ts';

const DEFAULTS: Readonly<Record<string, string>> = {
  HeartbeatInterval: '60',
  MeterValueSampleInterval: '30',
  ClockAlignedDataInterval: '60',
  WebSocketPingInterval: '60',
};
const READ_ONLY: Readonly<Record<string, string>> = {
  SupportedFeatureProfiles: 'Core,RemoteTrigger',
  NumberOfConnectors: '1',
};
/** Written, never read. */
const SECRET_KEY = 'AuthorizationKey';
const MASK = '********';
const HEX = /^[0-9a-fA-F]{32,40}$/;
const LONGEST_S = 86_400;

type ChangeStatus = 'Accepted' | 'Rejected' | 'NotSupported';

/** A station's configuration keys, as GetConfiguration and ChangeConfiguration see them. */
export interface StationConfig {
  seconds(key: string): number;
  read(keys: readonly string[]): Payload;
  change(key: string, value: string): ChangeStatus;
}

export function createStationConfig(
  given: Readonly<Record<string, string>>,
  onPassword: (password: string) => void,
): StationConfig {
  const values = new Map(Object.entries({ ...DEFAULTS, ...given }));
  const known = () => [...values.keys(), ...Object.keys(READ_ONLY), SECRET_KEY];
  const entryOf = (key: string): Payload => {
    const value = key === SECRET_KEY ? MASK : (values.get(key) ?? READ_ONLY[key]);
    return { key, readonly: key in READ_ONLY && !values.has(key), value };
  };
  return {
    seconds: (key) => Number(values.get(key) ?? 0),
    read(keys) {
      const asked = keys.length === 0 ? known() : keys;
      const isKnown = (key: string) => known().includes(key);
      return {
        configurationKey: asked.filter(isKnown).map(entryOf),
        unknownKey: asked.filter((key) => !isKnown(key)),
      };
    },
    change(key, value) {
      if (key === SECRET_KEY) {
        if (!HEX.test(value)) return 'Rejected';
        onPassword(value);
        return 'Accepted';
      }
      if (!(key in DEFAULTS)) return key in READ_ONLY ? 'Rejected' : 'NotSupported';
      const seconds = Number(value);
      if (value.trim() === '' || !Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_S)
        return 'Rejected';
      values.set(key, value);
      return 'Accepted';
    },
  };
}
