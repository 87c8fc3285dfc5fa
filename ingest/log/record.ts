import { crc32 } from 'node:zlib';

/** Bytes before a record's payload: magic, payload length, message count, checksum, sequence. */
export const HEADER_BYTES = 24;

const MAGIC = 0x41434c31;

export interface RecordHeader {
  readonly sequence: number;
  readonly messages: number;
  readonly length: number;
  readonly checksum: number;
}

/** Header of a record; its checksum covers the header's own fields and the payload. */
export function encodeHeader(sequence: number, messages: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(payload.length, 4);
  header.writeUInt32LE(messages, 8);
  header.writeBigUInt64LE(BigInt(sequence), 16);
  header.writeUInt32LE(checksumOf(header, payload), 12);
  return header;
}

function checksumOf(header: Buffer, payload: Buffer): number {
  return crc32(payload, crc32(header.subarray(16, 24), crc32(header.subarray(4, 12))));
}

/** The header at the start of `bytes`, or undefined where no record starts. */
export function decodeHeader(bytes: Buffer): RecordHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  return {
    length: bytes.readUInt32LE(4),
    messages: bytes.readUInt32LE(8),
    checksum: bytes.readUInt32LE(12),
    sequence: Number(bytes.readBigUInt64LE(16)),
  };
}

/** Whether the payload is what the header was written for. */
export function isIntact(headerBytes: Buffer, payload: Buffer): boolean {
  return checksumOf(headerBytes, payload) === headerBytes.readUInt32LE(12);
}
