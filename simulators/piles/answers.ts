import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SimulatorError } from '../errors.ts';
import type { ResetKind } from './station-agent.ts';
import type { AnswerCall, Payload } from './station-link.ts';

/** What a station can be told to do. */
export interface StationControls {
  reset(kind: ResetKind): void;
  unlock(connectorId: number): string;
  changeAvailability(connectorId: number, isOperative: boolean): string;
  /** False when there is no such connector or message. */
  trigger(message: string, connectorId: number | undefined): boolean;
  readConfiguration(keys: readonly string[]): Payload;
  changeConfiguration(key: string, value: string): string;
  remoteStart(connectorId: number): boolean;
}

type Answers = Readonly<Record<string, (payload: Payload) => Payload>>;

const ConnectorId = Type.Integer({ minimum: 0 });

/** Answers CALLs as a station does; SIMULATOR_CALL_UNKNOWN, and so a CALLERROR, for what it does not know. */
export function createAnswers(station: StationControls): AnswerCall {
  const answers: Answers = {
    Reset: reading(Type.Object({ type: Type.Enum(['Soft', 'Hard']) }), ({ type }) => {
      station.reset(type);
      return { status: 'Accepted' };
    }),
    UnlockConnector: reading(Type.Object({ connectorId: ConnectorId }), ({ connectorId }) => ({
      status: station.unlock(connectorId),
    })),
    ChangeAvailability: reading(
      Type.Object({ connectorId: ConnectorId, type: Type.String() }),
      ({ connectorId, type }) => ({ status: station.changeAvailability(connectorId, type === 'Operative') }),
    ),
    TriggerMessage: reading(
      Type.Object({ requestedMessage: Type.String(), connectorId: Type.Optional(ConnectorId) }),
      ({ requestedMessage, connectorId }) => ({
        status: station.trigger(requestedMessage, connectorId) ? 'Accepted' : 'Rejected',
      }),
    ),
    GetConfiguration: reading(
      Type.Object({ key: Type.Optional(Type.Array(Type.String())) }),
      ({ key = [] }) => station.readConfiguration(key),
    ),
    ChangeConfiguration: reading(
      Type.Object({ key: Type.String(), value: Type.String() }),
      ({ key, value }) => ({ status: station.changeConfiguration(key, value) }),
    ),
    RemoteStartTransaction: reading(
      Type.Object({ connectorId: Type.Optional(ConnectorId) }),
      ({ connectorId = 1 }) => ({ status: station.remoteStart(connectorId) ? 'Accepted' : 'Rejected' }),
    ),
    DataTransfer: () => ({ status: 'UnknownVendorId' }),
  };
  return async (action, payload) => {
    const answer = answers[action];
    if (answer !== undefined) return answer(payload);
    const unknown = new SimulatorError('SIMULATOR_CALL_UNKNOWN', `this station does not know ${action}`);
    throw Object.assign(unknown, { rpcErrorCode: 'NotImplemented' });
  };
}

function reading<T extends TSchema>(
  schema: T,
  answer: (payload: Static<T>) => Payload,
): (payload: Payload) => Payload {
  const compiled = Compile(schema);
  return (payload) => {
    if (compiled.Check(payload)) return answer(payload as Static<T>);
    const malformed = new SimulatorError('SIMULATOR_CALL_MALFORMED', 'the payload is not by the schema');
    throw Object.assign(malformed, { rpcErrorCode: 'FormationViolation' });
  };
}
