import { during, type Frame, fault, type Series, type Story } from './series.ts';

/** Healthy unit at full speed; noise is added to numbers. */
const HEALTHY: Frame = {
  setpoint: 25,
  return_temp: 28,
  supply_temp: 15,
  coil_temp: 8,
  fan_rpm: 1000,
  filter_dp: 60,
  drain_level: 10,
  discharge_pressure: 2600,
  discharge_temp: 82,
  superheat: 6,
  subcooling: 6,
  condensing_over_ambient: 13,
  compressor_hz: 70,
  compressor_current: 6,
  ipm_temp: 60,
  dc_bus_voltage: 350,
  power: 1400,
  outdoor_fan_rpm: 800,
  vibration: 1.8,
  condenser_approach: 2,
  load: 80,
  action: 'cooling',
  mode: 'cool',
};
const NOISE: Record<string, number> = {
  discharge_pressure: 15,
  discharge_temp: 0.5,
  fan_rpm: 5,
  outdoor_fan_rpm: 5,
  filter_dp: 2,
  power: 20,
  setpoint: 0,
};

/** Compressor on and off, `cycle` minutes each way. */
const cycling =
  (cycle: number): Story =>
  (seconds) =>
    Math.floor(seconds / 60 / cycle) % 2 === 0 ? {} : { compressor_hz: 0, action: 'idle' };
const stopped: Frame = { compressor_hz: 0, action: 'idle' };
const defrosting: Frame = {
  action: 'defrosting',
  mode: 'heat',
  superheat: 15,
  subcooling: 0,
  coil_temp: -4,
  outdoor_fan_rpm: 0,
};

type Row = Omit<Series, 'healthy' | 'noise'>;

const ROWS: readonly Row[] = [
  {
    rule: 'ac-discharge-temp-high',
    metrics: ['discharge_temp', 'compressor_hz'],
    fault: fault({ discharge_temp: 116 }),
    confounder: fault({ discharge_temp: 104 }),
  },
  {
    rule: 'ac-condenser-fouled',
    metrics: ['condensing_over_ambient', 'compressor_hz'],
    fault: fault({ condensing_over_ambient: 25 }),
    confounder: fault({ condensing_over_ambient: 25 }, 10, 18),
  },
  {
    rule: 'ac-discharge-pressure-high',
    metrics: ['discharge_pressure'],
    fault: fault({ discharge_pressure: 4250 }),
    confounder: fault({ discharge_pressure: 3850 }),
  },
  {
    rule: 'ac-refrigerant-low',
    metrics: ['superheat', 'subcooling', 'compressor_hz', 'action'],
    fault: fault({ superheat: 14, subcooling: 1 }),
    confounder: fault(defrosting, 10, 25),
  },
  {
    rule: 'ac-coil-freezing',
    metrics: ['coil_temp', 'compressor_hz', 'action'],
    fault: fault({ coil_temp: -3 }),
    confounder: fault(defrosting, 10, 25),
  },
  {
    rule: 'ac-capacity-low',
    metrics: ['return_temp', 'supply_temp', 'setpoint', 'compressor_hz', 'action'],
    minutes: 60,
    fault: fault({ supply_temp: 25 }, 12, 50),
    confounder: fault({ setpoint: 18, supply_temp: 20 }, 12, 50),
  },
  {
    rule: 'ac-compressor-current-high',
    metrics: ['compressor_current', 'compressor_hz'],
    fault: fault({ compressor_current: 21 }),
    confounder: (s) => (during(s, 0, 10) ? stopped : during(s, 10, 12) ? { compressor_current: 21 } : {}),
  },
  {
    rule: 'ac-power-module-hot',
    metrics: ['ipm_temp'],
    fault: fault({ ipm_temp: 99 }),
    confounder: fault({ ipm_temp: 92 }),
  },
  {
    rule: 'ac-short-cycling',
    metrics: ['compressor_hz'],
    minutes: 180,
    fault: (s) => (during(s, 0, 90) ? cycling(3)(s) : {}),
    confounder: cycling(10),
  },
  {
    rule: 'ac-indoor-fan-stalled',
    metrics: ['fan_rpm', 'action'],
    fault: fault({ fan_rpm: 40 }),
    confounder: fault({ fan_rpm: 0, action: 'off' }),
  },
  {
    rule: 'ac-outdoor-fan-stalled',
    metrics: ['outdoor_fan_rpm', 'compressor_hz', 'action'],
    fault: fault({ outdoor_fan_rpm: 20 }),
    confounder: fault(defrosting, 10, 25),
  },
  {
    rule: 'ac-filter-clogged',
    metrics: ['filter_dp', 'fan_rpm'],
    fault: fault({ filter_dp: 265 }),
    confounder: fault({ filter_dp: 265 }, 10, 18),
  },
  {
    rule: 'ac-filter-clogging',
    metrics: ['filter_dp'],
    minutes: 21 * 1440,
    stepSeconds: 3600,
    fault: (s) => ({ filter_dp: s < 18 * 86_400 ? 60 + (8 * s) / 86_400 : 55 }),
    confounder: () => ({ filter_dp: 140 }),
  },
  {
    rule: 'ac-drain-high',
    metrics: ['drain_level'],
    fault: fault({ drain_level: 90 }),
    confounder: fault({ drain_level: 90 }, 10, 11),
  },
  {
    rule: 'ac-bus-voltage-low',
    metrics: ['dc_bus_voltage', 'compressor_hz'],
    fault: fault({ dc_bus_voltage: 236 }),
    confounder: fault({ dc_bus_voltage: 120, ...stopped }),
  },
  {
    rule: 'ac-vibration-high',
    metrics: ['vibration', 'compressor_hz'],
    fault: fault({ vibration: 9 }),
    confounder: (s) => (s % 1200 < 90 ? { vibration: 9 } : {}),
  },
  {
    rule: 'ac-approach-high',
    metrics: ['condenser_approach', 'load'],
    minutes: 90,
    fault: fault({ condenser_approach: 8 }, 10, 70),
    confounder: fault({ condenser_approach: 8, load: 30 }, 10, 70),
  },
  {
    rule: 'ac-data-absent',
    metrics: ['return_temp', 'supply_temp', 'power', 'drain_level'],
    fault: (s) => (during(s, 10, 40) ? { return_temp: '', supply_temp: '', power: '' } : {}),
    confounder: (s) => (during(s, 10, 40) ? { supply_temp: '' } : {}),
  },
  {
    rule: 'ac-offline',
    metrics: ['online', 'drain_level'],
    fault: (s) =>
      during(s, 10, 40)
        ? s === 600
          ? { online: 0, drain_level: '' }
          : null
        : s === 2400
          ? { online: 1 }
          : {},
    confounder: (s) => (s === 600 ? { online: 0, drain_level: '' } : s === 630 ? { online: 1 } : {}),
  },
];

export const AC_SERIES: readonly Series[] = ROWS.map((row) => ({ ...row, healthy: HEALTHY, noise: NOISE }));
