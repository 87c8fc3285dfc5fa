import type { Frame, Story } from './series.ts';

/** One charging of a DC connector. Currents in A, `rise` in mK/A², times in minutes since the series began. */
interface ChargingSession {
  readonly fromMinute?: number;
  readonly toMinute: number;
  readonly rise?: number;
  readonly ambient?: number;
  readonly amperes?: number;
  /** From here on the vehicle takes less and less, to 60 A ten minutes later. */
  readonly taperMinute?: number;
  readonly firstSoc?: number;
}

const STEP_S = 10;
const CONTACT_TAU_S = 180;
const LONGEST_MINUTES = 240;
const IDLE: Frame = { status: 'available', current: 0, power: 0, connector_rise: '', soc: '' };

/** The frames of a session: the contact warms with the square of the current, with a lag. */
export function chargingSession(session: ChargingSession): Story {
  const { fromMinute = 5, toMinute, rise = 0.5, ambient = 25, firstSoc = 20 } = session;
  const frames: Frame[] = [];
  let contactK = 0;
  let soc = firstSoc;
  for (let seconds = 0; seconds <= LONGEST_MINUTES * 60; seconds += STEP_S) {
    const isCharging = seconds >= fromMinute * 60 && seconds < toMinute * 60;
    const amperes = isCharging ? amperesAt(session, seconds / 60) : 0;
    const targetK = (rise * amperes ** 2) / 1_000;
    contactK = targetK + (contactK - targetK) * Math.exp(-STEP_S / CONTACT_TAU_S);
    const volts = 350 + soc;
    soc = Math.min(100, soc + (amperes * volts * STEP_S) / 3_600 / 700);
    const temperatures = { connector_temp: ambient + contactK, ambient_temp: ambient };
    frames.push(
      isCharging
        ? {
            ...temperatures,
            status: 'charging',
            current: amperes,
            power: amperes * volts,
            connector_rise: (1_000 * contactK) / amperes ** 2,
            soc,
          }
        : { ...temperatures, ...IDLE },
    );
  }
  return (seconds) => frames[Math.floor(seconds / STEP_S)] ?? null;
}

function amperesAt({ amperes = 200, taperMinute }: ChargingSession, minute: number): number {
  if (taperMinute === undefined || minute < taperMinute) return amperes;
  return Math.max(60, amperes - ((amperes - 60) * (minute - taperMinute)) / 10);
}
