import { once } from 'node:events';
import { type Duplex, Readable } from 'node:stream';
import type pg from 'pg';
import type { Connection, Submittable } from 'pg';

/** The part of pg's connection that speaks the COPY sub-protocol; its published types leave it out. */
interface CopyConnection {
  readonly stream: Duplex;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

interface CopyQuery extends Submittable {
  handleCommandComplete(message: { text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

/** Bytes of a `COPY … TO STDOUT`, no faster than they are read; `rows` is known once they have ended. */
export function copyOut(client: pg.ClientBase, sql: string): { bytes: Readable; rows(): number } {
  let rows = 0;
  let stream: Duplex | undefined;
  const bytes = new Readable({
    highWaterMark: 256 * 1024,
    read: () => {
      stream?.resume();
    },
  });
  const query: CopyQuery & { handleCopyData(message: { chunk: Buffer }): void } = {
    submit: (connection: Connection) => {
      stream = connection.stream;
      connection.query(sql);
    },
    handleCopyData: ({ chunk }) => {
      // pg reuses the memory of a chunk for the next one
      if (!bytes.push(Buffer.from(chunk))) stream?.pause();
    },
    handleCommandComplete: ({ text }) => {
      rows = rowsOf(text);
    },
    handleReadyForQuery: () => {
      bytes.push(null);
      stream?.resume();
    },
    handleError: (error) => {
      bytes.destroy(error);
      stream?.resume();
    },
  };
  client.query(query);
  return { bytes, rows: () => rows };
}

/** Feeds a `COPY … FROM STDIN`; resolves with the number of rows. A failing source ends the COPY as failed. */
export function copyIn(client: pg.ClientBase, sql: string, source: AsyncIterable<Buffer>): Promise<number> {
  return new Promise((resolve, reject) => {
    let rows = 0;
    let sourceError: unknown;
    const feed = async (connection: CopyConnection) => {
      try {
        for await (const chunk of source) {
          connection.sendCopyFromChunk(chunk);
          if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
        }
        connection.endCopyFrom();
      } catch (error) {
        sourceError = error;
        connection.sendCopyFail('the source failed');
      }
    };
    const query: CopyQuery & { handleCopyInResponse(connection: CopyConnection): void } = {
      submit: (connection: Connection) => {
        connection.query(sql);
      },
      handleCopyInResponse: (connection) => void feed(connection),
      handleCommandComplete: ({ text }) => {
        rows = rowsOf(text);
      },
      handleReadyForQuery: () => resolve(rows),
      handleError: (error) => reject(sourceError ?? error),
    };
    client.query(query);
  });
}

function rowsOf(commandTag: string): number {
  return Number(commandTag.split(' ')[1]);
}
