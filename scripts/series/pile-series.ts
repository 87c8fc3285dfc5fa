import { chargingSession } from './charging-session.ts';
import { during, type Frame, fault, type Series, type Story } from './series.ts';

/** A connector that charges, everything in order. */
const HEALTHY: Frame = {
  status: 'charging',
  power: 80_000,
  power_offered: 120_000,
  current: 200,
  current_l1: 16,
  current_l2: 16,
  current_l3: 16,
  voltage_l1: 230,
  soc: 40,
  connector_temp: 45,
  connector_rise: 0.5,
  internal_temp: 42,
  ambient_temp: 25,
  fan_rpm: 2_600,
  insulation_resistance: 5_000,
  contactor_operations: 20_000,
  lock_tries: 1,
  rssi: -75,
};
const NOISE: Record<string, number> = {
  power: 400,
  power_offered: 0,
  connector_rise: 0.02,
  fan_rpm: 40,
  insulation_resistance: 40,
  contactor_operations: 0,
  lock_tries: 0,
  energy: 0,
  rssi: 4,
};

type Row = Omit<Series, 'healthy' | 'noise' | 'stepSeconds'> & { readonly stepSeconds?: number };

const DAY_S = 86_400;
const idle: Frame = { status: 'available', power: 0, current: 0 };
/** kWh of a register that counts 80 kW, standing still between two moments, in minutes. */
const counting =
  (stillFrom: number, stillTo: number): Story =>
  (seconds) => {
    const stoodS = Math.max(0, Math.min(seconds, stillTo * 60) - stillFrom * 60);
    return { energy: 1_000 + (80 * (seconds - stoodS)) / 3_600 };
  };
const paused =
  (from: number, to: number): Story =>
  (seconds) => ({ ...counting(from, to)(seconds), ...(during(seconds, from, to) ? { power: 0 } : {}) });

const worn = chargingSession({ toMinute: 40, rise: 1.3 });
const mended = chargingSession({ toMinute: 40 });

const ROWS: readonly Row[] = [
  {
    rule: 'pile-connector-temp-high',
    metrics: ['connector_temp', 'ambient_temp', 'current'],
    minutes: 60,
    fault: chargingSession({ toMinute: 40, rise: 1.9, amperes: 220 }),
    confounder: chargingSession({ toMinute: 40, ambient: 42, amperes: 250 }),
  },
  {
    rule: 'pile-dc-connector-rise-high',
    metrics: ['connector_rise', 'current', 'status'],
    minutes: 120,
    fault: (s) => (s < 3_600 ? worn(s) : mended(s - 3_600)),
    confounder: chargingSession({ toMinute: 60, amperes: 220, taperMinute: 25 }),
  },
  {
    rule: 'pile-ac-connector-rise-high',
    metrics: ['connector_rise', 'current', 'status'],
    minutes: 120,
    fault: (s) => {
      if (during(s, 40, 60)) return { current: 0, connector_rise: '' };
      return { current: 16, connector_rise: during(s, 10, 80) ? 27 : 10 };
    },
    confounder: (s) => ({
      current: during(s, 40, 60) ? 8 : 16,
      connector_rise: during(s, 40, 50) ? 34 : 10,
    }),
  },
  {
    rule: 'pile-dc-connector-rise-trend',
    metrics: ['connector_rise'],
    minutes: 21 * 1440,
    stepSeconds: 3600,
    fault: (s) => ({ connector_rise: s < 18 * DAY_S ? 0.5 + (0.025 * s) / DAY_S : 0.5 }),
    confounder: (s) => ({ connector_rise: 0.75 + 0.05 * Math.sin((2 * Math.PI * s) / DAY_S) }),
  },
  {
    rule: 'pile-derating',
    metrics: ['status', 'soc', 'power', 'power_offered', 'current'],
    minutes: 60,
    fault: fault({ power: 32_000, current: 80 }, 20, 50),
    confounder: (s) => {
      if (during(s, 20, 40)) return { power: 32_000, power_offered: 40_000, current: 80 };
      return s < 2_400 ? {} : { soc: 85, power: 30_000, current: 70 };
    },
  },
  {
    rule: 'pile-internal-temp-high',
    metrics: ['internal_temp', 'ambient_temp'],
    fault: fault({ internal_temp: 82 }),
    confounder: fault({ ambient_temp: 44, internal_temp: 68 }),
  },
  {
    rule: 'pile-fan-stalled',
    metrics: ['fan_rpm', 'internal_temp'],
    fault: (s) => ({ fan_rpm: during(s, 10, 35) ? 0 : 2_600, internal_temp: during(s, 10, 25) ? 60 : 40 }),
    confounder: fault({ fan_rpm: 0, internal_temp: 32 }),
  },
  {
    rule: 'pile-supply-voltage-low',
    metrics: ['voltage_l1', 'status'],
    fault: fault({ voltage_l1: 190 }),
    confounder: (s) => (during(s, 10, 11) ? { voltage_l1: 185 } : during(s, 20, 40) ? { voltage_l1: 0 } : {}),
  },
  {
    rule: 'pile-supply-voltage-high',
    metrics: ['voltage_l1'],
    fault: fault({ voltage_l1: 259 }),
    confounder: fault({ voltage_l1: 250 }),
  },
  {
    rule: 'pile-phase-imbalance',
    metrics: ['current_l1', 'current_l2', 'current_l3', 'status'],
    fault: fault({ current_l3: 10 }),
    confounder: fault({ current_l2: 0, current_l3: 0 }),
  },
  {
    rule: 'pile-insulation-low',
    metrics: ['insulation_resistance'],
    minutes: 180,
    stepSeconds: 600,
    fault: fault({ insulation_resistance: 150 }, 30, 120),
    confounder: (s) => (during(s, 30, 120) ? { insulation_resistance: 420 } : {}),
  },
  {
    rule: 'pile-insulation-falling',
    metrics: ['insulation_resistance'],
    minutes: 21 * 1440,
    stepSeconds: 3600,
    fault: (s) => ({ insulation_resistance: s < 17 * DAY_S ? 1_500 - (70 * s) / DAY_S : 5_000 }),
    confounder: (s) => ({ insulation_resistance: 800 + 250 * Math.sin((2 * Math.PI * s) / DAY_S) }),
  },
  {
    rule: 'pile-lock-tries-high',
    metrics: ['lock_tries'],
    minutes: 120,
    stepSeconds: 600,
    fault: fault({ lock_tries: 6 }, 20, 80),
    confounder: fault({ lock_tries: 2 }, 20, 80),
  },
  {
    rule: 'pile-stuck-suspended',
    metrics: ['status', 'power'],
    minutes: 180,
    fault: fault({ status: 'suspended_evse', power: 0 }, 10, 100),
    confounder: (s) => {
      if (during(s, 10, 40)) return { status: 'suspended_evse', power: 0 };
      return during(s, 60, 170) ? { status: 'suspended_ev', power: 0 } : {};
    },
  },
  {
    rule: 'pile-meter-frozen',
    metrics: ['energy', 'power'],
    minutes: 120,
    fault: (s) => ({ ...counting(10, 80)(s), ...(during(s, 50, 70) ? { power: 0 } : {}) }),
    confounder: paused(30, 75),
  },
  {
    rule: 'pile-data-absent',
    metrics: ['status', 'power', 'connector_temp'],
    minutes: 120,
    fault: (s) => (during(s, 20, 70) ? { power: '' } : {}),
    confounder: (s) => (during(s, 10, 80) ? { ...idle, power: '', current: '' } : {}),
  },
  {
    rule: 'pile-contactor-worn',
    metrics: ['contactor_operations'],
    minutes: 180,
    stepSeconds: 600,
    fault: (s) => ({ contactor_operations: s < 7_200 ? 99_994 + Math.floor(s / 600) : 3 }),
    confounder: (s) => ({ contactor_operations: 80_000 + Math.floor(s / 600) }),
  },
  {
    rule: 'pile-signal-weak',
    metrics: ['rssi'],
    minutes: 120,
    fault: fault({ rssi: -112 }, 10, 80),
    confounder: fault({ rssi: -112 }, 10, 25),
  },
  {
    rule: 'pile-offline',
    metrics: ['online', 'rssi'],
    fault: (s) => {
      if (!during(s, 10, 40)) return s === 2_400 ? { online: 1 } : {};
      return s === 600 ? { online: 0, rssi: '' } : null;
    },
    confounder: (s) => {
      if (s === 600) return { online: 0, rssi: '' };
      return s === 660 ? { online: 1 } : {};
    },
  },
];

export const PILE_SERIES: readonly Series[] = ROWS.map((row) => ({
  stepSeconds: 60,
  ...row,
  healthy: HEALTHY,
  noise: NOISE,
}));
