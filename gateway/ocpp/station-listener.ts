import type { Visitor } from './admission.ts';
import { type AnswerDeps, answerCall, LogRefusedError } from './answer-call.ts';
import type { Backlog } from './backlog.ts';
import { CallError } from './call-error.ts';
import { refusedCall } from './dead-letters.ts';
import { ConnectionGoneError, createInbox } from './inbox.ts';
import type { OcppCarrier } from './ocpp-carrier.ts';
import type { InboundCall, SocketListener, StationSocket } from './ocpp-rpc.ts';
import type { Counters } from './refusals.ts';
import type { Station } from './station.ts';
import type { Stations } from './stations.ts';

interface ListenerDeps {
  readonly answerDeps: AnswerDeps;
  readonly stations: Stations;
  readonly counters: Counters;
  readonly backlog: Backlog;
  readonly carrier: OcppCarrier;
}

/** WebSocket 1011: we failed; come again. */
const TRY_AGAIN = 1011;
const STRAY = {
  malformed: 'malformed_frame',
  message_type: 'unknown_message_type',
  answer: 'unexpected_answer',
} as const;

/** Makes a station of each socket that is let in, and handles what it says. */
export function createStationListener(
  deps: ListenerDeps,
): (socket: StationSocket, visitor: Visitor) => SocketListener {
  const { answerDeps, stations, counters, backlog, carrier } = deps;
  const { deadLetter } = answerDeps;
  const handle = async (station: Station, call: InboundCall) => {
    backlog.entered();
    try {
      return await station.inbox.push(() => answerCall(answerDeps, station, call));
    } catch (error) {
      fail(deps, station, error);
      throw error;
    } finally {
      backlog.left();
    }
  };
  return (socket, { device, remoteAddress }) => {
    const inbox = createInbox(socket);
    const station: Station = { device, socket, inbox, remoteAddress, silentSweeps: 0 };
    return {
      onOpened: () => {
        stations.opened(station);
        carrier.connected(device.ref.id);
      },
      onCall: (call) => handle(station, call),
      onHeard: () => {
        station.silentSweeps = 0;
      },
      onStray: (kind, text) => {
        counters.refused(STRAY[kind]);
        if (kind !== 'malformed') return;
        deadLetter(refusedCall(device.ref.id, 'GATEWAY_FRAME_MALFORMED', { text }));
      },
      onTooLarge: () => {
        counters.refused('payload_too_large');
        deadLetter(refusedCall(device.ref.id, 'GATEWAY_PAYLOAD_TOO_LARGE', {}));
      },
      onProtocolError: () => counters.refused('protocol_error'),
      onClosed: () => {
        inbox.close();
        stations.closed(station);
      },
    };
  };
}

function fail({ counters, answerDeps, stations }: ListenerDeps, station: Station, error: unknown): void {
  const isExpected = error instanceof CallError || error instanceof ConnectionGoneError;
  if (isExpected) return;
  const { id: deviceId } = station.device.ref;
  if (error instanceof LogRefusedError) counters.refused('log_refused');
  answerDeps.log.warn({ err: error, deviceId }, 'a call was not processed: the station is to send it again');
  stations.drop(station, TRY_AGAIN, 'not processed: send again');
}
