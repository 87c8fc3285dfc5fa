import { type FaultCodeMap, faultCodeMap } from './fault-code-map.ts';

/**
 * ChargePointErrorCode of OCPP 1.6 (7.6), and `Faulted` for a pile that is in that status with the code NoError.
 * OtherError stands alone only where the vendor's own code is missing.
 */
const OCPP_16 = faultCodeMap({
  vendor: 'OCPP',
  series: '1.6',
  sources: ['Open Charge Point Protocol 1.6, 7.6 ChargePointErrorCode'],
  codesOf: {
    connector_lock: 'ConnectorLockFailure',
    ev_communication: 'EVCommunicationError',
    ground_fault: 'GroundFailure',
    pile_overheat: 'HighTemperature',
    internal_error: 'InternalError',
    local_list: 'LocalListConflict',
    over_current: 'OverCurrentFailure',
    supply_voltage: 'OverVoltage UnderVoltage',
    power_meter: 'PowerMeterFailure',
    power_switch: 'PowerSwitchFailure',
    reader_fault: 'ReaderFailure',
    reset_failure: 'ResetFailure',
    weak_signal: 'WeakSignal',
    pile_faulted: 'OtherError Faulted',
    state: 'NoError',
  },
});

/** Minimum required error codes of the ChargeX consortium, as they ride in `vendorErrorCode`. */
const CHARGEX = faultCodeMap({
  vendor: 'ChargeX',
  series: 'MREC',
  sources: ['inl.gov/chargex/mrec'],
  codesOf: {
    connector_lock: 'CX001',
    ground_fault: 'CX002',
    pile_overheat: 'CX003',
    over_current: 'CX004',
    supply_voltage: 'CX005 CX006',
    weak_signal: 'CX007',
    emergency_stop: 'CX008',
    authorization_timeout: 'CX009',
    vehicle_mode: 'CX010',
    insulation: 'CX011 CX021 CX022',
    pre_charge: 'CX012',
    no_internet: 'CX013',
    control_pilot: 'CX014',
    power_loss: 'CX015',
    ev_contactor: 'CX016',
    power_switch: 'CX017',
    connector_overheat: 'CX018 CX019',
    partial_insertion: 'CX020',
    proximity: 'CX023',
    connector_voltage: 'CX024',
    broken_latch: 'CX025',
    cut_cable: 'CX026',
  },
});

export const PILE_CODE_MAPS = {
  ocpp16: OCPP_16,
  chargex: CHARGEX,
} as const satisfies Readonly<Record<string, FaultCodeMap>>;
