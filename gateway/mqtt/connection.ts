import type { Socket } from 'node:net';
import type { PublishPacket } from 'aedes';
import { type Channel, TOPIC_ROOT, topicOf } from '#contracts/mqtt.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { RawMessage } from '#contracts/raw-message.ts';
import type { RegisteredDevice } from '../devices/registry.ts';
import type { BrokerClient, PublishDone } from './aedes-internals.ts';

/** Topics of one device, made once a connection so that the hot path only compares. */
interface Topics {
  readonly telemetry: string;
  readonly state: string;
  readonly fault: string;
  readonly commandAck: string;
  readonly subscribable: ReadonlySet<string>;
  /** Who subscribes to one of these hears commands. */
  readonly commands: readonly string[];
}

/** How many messages of all connections wait for their acknowledgement. */
export interface Backlog {
  withheld: number;
  onEmpty: (() => void) | undefined;
}

/** One socket and, once it has signed in, the device behind it. */
export interface Connection {
  readonly socket: Socket;
  readonly remoteAddress: string | null;
  readonly backlog: Backlog;
  client: BrokerClient | undefined;
  identity: Identity | undefined;
  withheld: number;
  withheldBytes: number;
  /** Its keepalive ran out while messages were withheld: a new span starts when the last is acknowledged. */
  isExempted: boolean;
  isRegistered: boolean;
}

export interface Identity {
  readonly device: RegisteredDevice;
  readonly session: string;
  readonly topics: Topics;
}

export function createIdentity(device: RegisteredDevice, clientId: string): Identity {
  const { id } = device.ref;
  const telemetry = topicOf(id, 'telemetry');
  const state = topicOf(id, 'state');
  const fault = topicOf(id, 'fault');
  const command = topicOf(id, 'cmd');
  const commandAck = topicOf(id, 'cmd/ack');
  const commands = [command, `${TOPIC_ROOT}${id}/#`, `${TOPIC_ROOT}${id}/+`, `${command}/#`];
  return {
    device,
    session: `${id}/${clientId}`,
    topics: {
      telemetry,
      state,
      fault,
      commandAck,
      subscribable: new Set([telemetry, state, fault, commandAck, ...commands]),
      commands,
    },
  };
}

/** The channel a topic means for this device, or undefined for one that it does not publish to. */
export function channelOf({ topics }: Identity, topic: string): Channel | undefined {
  if (topic === topics.telemetry) return 'telemetry';
  if (topic === topics.fault) return 'fault';
  if (topic === topics.state) return 'state';
  if (topic === topics.commandAck) return 'cmd/ack';
  return undefined;
}

/** Whether the topic is one of the device's, known or not. */
export function isBelow(deviceId: string, topic: string): boolean {
  return topic.startsWith(`${TOPIC_ROOT}${deviceId}/`);
}

/** A message on its way to the sink; its acknowledgement lets the broker answer the device. */
export class WithheldMessage implements RawMessage {
  readonly protocol = 'mqtt';
  readonly device: DeviceRef;
  readonly channel: Channel;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
  readonly qos: 0 | 1 | 2;
  private readonly connection: Connection;
  private readonly isWill: boolean;
  private done: PublishDone | undefined;

  constructor(connection: Connection, packet: PublishPacket, arrival: Arrival) {
    this.device = arrival.identity.device.ref;
    this.channel = arrival.channel;
    this.payload = packet.payload as Buffer;
    this.receivedAtMs = arrival.receivedAtMs;
    this.isDuplicateFlagged = packet.dup === true;
    this.packetId = packet.messageId ?? 0;
    this.session = arrival.identity.session;
    this.qos = packet.qos;
    this.connection = connection;
    this.isWill = arrival.isWill;
    this.done = arrival.done;
    connection.withheld += 1;
    connection.withheldBytes += this.payload.length;
    connection.backlog.withheld += 1;
  }

  acknowledge(error?: Error | null): void {
    const { connection, done } = this;
    if (done === undefined) return;
    this.done = undefined;
    connection.withheldBytes -= this.payload.length;
    release(connection);
    if (this.isWill || connection.client?.closed === false) done(error);
  }
}

interface Arrival {
  readonly identity: Identity;
  readonly channel: Channel;
  readonly receivedAtMs: number;
  readonly isWill: boolean;
  readonly done: PublishDone;
}

function release(connection: Connection): void {
  connection.withheld -= 1;
  if (connection.withheld === 0 && connection.isExempted) {
    connection.isExempted = false;
    connection.client?._keepaliveTimer?.refresh();
  }
  const { backlog } = connection;
  backlog.withheld -= 1;
  if (backlog.withheld === 0) backlog.onEmpty?.();
}

/**
 * Replaces the broker's keepalive: a silent device is dropped after one and a half times its keepalive, but never
 * while a message of its waits for us.
 */
export function adoptKeepalive(connection: Connection, onTimeout: () => void): void {
  const { client } = connection;
  if (client === undefined || client._keepaliveTimer === null) return;
  clearTimeout(client._keepaliveTimer);
  client._keepaliveTimer = setTimeout(() => {
    if (connection.withheld === 0) {
      onTimeout();
      client.emit('error', new Error('keep alive timeout'));
      return;
    }
    connection.isExempted = true;
    client._keepaliveTimer?.refresh();
  }, client._keepaliveInterval);
}
