import { connectorOf, PILE_MODEL, type PileState } from './pile.ts';
import { createRandom, type Random } from './random.ts';

export type MeterContext =
  | 'Transaction.Begin'
  | 'Sample.Periodic'
  | 'Sample.Clock'
  | 'Trigger'
  | 'Transaction.End';

/** One value of a MeterValues message. @see OCPP 1.6, 7.43 */
export interface SampledValue {
  readonly value: string;
  readonly context: MeterContext;
  readonly measurand: string;
  readonly unit: string;
  readonly location?: string;
  readonly phase?: string;
}

type Row = readonly [
  measurand: string,
  unit: string,
  value: number,
  digits: number,
  more?: Partial<SampledValue>,
];

const TEMPERATURE_NOISE_K = 0.15;

/** What the meter and the sensors of a connector (0: of the station) say now. */
export function readMeter(
  pile: PileState,
  connectorId: number,
  context: MeterContext,
): { readonly pile: PileState; readonly values: readonly SampledValue[] } {
  const random = createRandom(pile.random);
  const rows = connectorId === 0 ? stationRows(pile, random) : connectorRows(pile, connectorId, random);
  const values = rows.map(
    ([measurand, unit, value, digits, more]): SampledValue => ({
      value: value.toFixed(digits),
      context,
      measurand,
      unit,
      ...more,
    }),
  );
  return { pile: { ...pile, random: random.state() }, values };
}

function stationRows(pile: PileState, random: Random): readonly Row[] {
  return [temperature('Body', pile.internalC, random), temperature('Inlet', pile.ambientC, random)];
}

function connectorRows(pile: PileState, connectorId: number, random: Random): readonly Row[] {
  const connector = connectorOf(pile, connectorId);
  if (connector === undefined) return [];
  const { currentA, voltageV, powerW, registerWh, contactC, session } = connector;
  const { phases, maxW } = PILE_MODEL[pile.spec.model];
  const measuredA = currentA * (1 + 0.002 * random.normal());
  const rows: Row[] = [
    ['Energy.Active.Import.Register', 'Wh', registerWh, 0, { location: 'Outlet' }],
    ['Power.Active.Import', 'W', powerW, 0, { location: 'Outlet' }],
    ['Power.Offered', 'W', maxW, 0, { location: 'Outlet' }],
  ];
  if (phases === 0) {
    rows.push(['Current.Import', 'A', measuredA, 2, { location: 'Outlet' }]);
    rows.push(['Voltage', 'V', voltageV, 1, { location: 'Outlet' }]);
    if (session !== null) rows.push(['SoC', 'Percent', session.soc, 0, { location: 'EV' }]);
  } else {
    for (const phase of ['L1', 'L2', 'L3']) {
      rows.push(['Current.Import', 'A', measuredA, 2, { location: 'Outlet', phase }]);
      rows.push(['Voltage', 'V', voltageV + random.normal(), 1, { location: 'Outlet', phase: `${phase}-N` }]);
    }
  }
  rows.push(temperature('Outlet', contactC, random));
  return [...rows, ...stationRows(pile, random)];
}

function temperature(location: string, value: number, random: Random): Row {
  return ['Temperature', 'Celsius', value + TEMPERATURE_NOISE_K * random.normal(), 1, { location }];
}
