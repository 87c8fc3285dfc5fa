import { parse } from 'csv-parse/sync';
import Schema from 'typebox/schema';
import { type Device, NewDevice } from '#contracts/devices.ts';
import { AftercareError } from '#platform/errors.ts';
import { requireKnownModel } from './device-kind.ts';

/** What is wrong with a line of the file; line 1 is the header. */
export interface LineError {
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

export interface ImportLine {
  readonly line: number;
  readonly device: NewDevice;
}

const MAX_LINES = 5_000;
const COLUMNS = ['id', 'kind', 'model', 'unit', 'serial', 'site'];
const REQUIRED = ['id', 'kind', 'model'];
const FIELD_OF: Readonly<Record<string, string>> = { unit: 'unitId', site: 'siteId' };
const COLUMN_OF: Readonly<Record<string, string>> = { unitId: 'unit', siteId: 'site' };

/**
 * Reads a device file: a header line, then a device a line. Columns are id, kind, model, unit, serial and site,
 * in any order; every other column is a label of that name; an empty cell is left out.
 */
export function parseDeviceCsv(text: string): { devices: ImportLine[]; errors: LineError[] } {
  const { header, rows } = readRows(text);
  const devices: ImportLine[] = [];
  const errors: LineError[] = [];
  const seen = new Map<string, number>();
  for (const { line, cells } of rows) {
    const device = deviceOfCells(header, cells);
    const wrong = [...wrongFields(device), ...repeated(device.id, line, seen)];
    errors.push(...wrong.map((error) => ({ line, ...error })));
    if (wrong.length === 0) devices.push({ line, device });
  }
  return { devices, errors };
}

function readRows(text: string) {
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      info: true,
      relax_column_count_less: true,
      max_record_size: 65_536,
      to: MAX_LINES + 2,
    }) as unknown as typeof records;
  } catch (error) {
    throw notCsv(error);
  }
  const header = records[0]?.record ?? [];
  const missing = REQUIRED.filter((column) => !header.includes(column));
  const doubled = header.filter((column, at) => header.indexOf(column) !== at);
  if (missing.length > 0 || doubled.length > 0 || header.includes('')) {
    const problem = missing.length > 0 ? `lacks ${missing.join(', ')}` : 'names a column twice or not at all';
    throw new AftercareError('DEVICE_CSV_HEADER', `the header line ${problem}`, { kind: 'malformed' });
  }
  if (records.length > MAX_LINES + 1) {
    throw new AftercareError('DEVICE_CSV_TOO_LONG', `at most ${MAX_LINES} devices a file`, {
      kind: 'malformed',
    });
  }
  const rows = records.slice(1).map(({ record, info }) => ({ line: info.lines, cells: record }));
  return { header, rows };
}

function notCsv(cause: unknown): AftercareError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AftercareError('DEVICE_CSV_MALFORMED', `the file is not CSV: ${message}`, {
    kind: 'malformed',
    cause,
  });
}

function deviceOfCells(header: readonly string[], cells: readonly string[]): NewDevice {
  const fields: Record<string, unknown> = { id: '', kind: '', model: '' };
  const labels: Record<string, string> = {};
  header.forEach((column, at) => {
    const cell = cells[at] ?? '';
    if (cell === '') return;
    if (COLUMNS.includes(column)) fields[FIELD_OF[column] ?? column] = cell;
    else labels[column] = cell;
  });
  return { ...fields, labels } as NewDevice;
}

const schema = Schema.Compile(NewDevice);

function wrongFields(device: NewDevice): { field: string; message: string }[] {
  if (!schema.Check(device)) {
    const [, failures] = schema.Errors(device);
    return failures.slice(0, 5).map(({ instancePath, message }) => {
      const field = instancePath.slice(1).replaceAll('/', '.');
      return { field: COLUMN_OF[field] ?? field, message };
    });
  }
  try {
    requireKnownModel(device.kind, device.model);
    return [];
  } catch (error) {
    return fieldsOf(error);
  }
}

/** The fields that a 422 of ours names, with the names of their columns; anything else is thrown on. */
export function fieldsOf(error: unknown): { field: string; message: string }[] {
  if (!(error instanceof AftercareError) || !['invalid', 'conflict'].includes(error.kind)) throw error;
  if (error.fields === undefined) return [{ field: 'id', message: error.message }];
  return error.fields.map(({ field, message }) => ({ field: COLUMN_OF[field] ?? field, message }));
}

function repeated(id: string, line: number, seen: Map<string, number>) {
  const first = seen.get(id);
  if (first !== undefined) return [{ field: 'id', message: `${id} stands on line ${first} already` }];
  seen.set(id, line);
  return [];
}

/** The same columns as an import takes, a column for each label that any of the devices has. */
export function formatDeviceCsv(devices: readonly Device[]): string {
  const labels = [...new Set(devices.flatMap((device) => Object.keys(device.labels)))].sort();
  const lines = devices.map((device) =>
    [
      device.id,
      device.kind,
      device.model,
      device.unitId,
      device.siteId ?? '',
      ...labels.map((label) => device.labels[label] ?? ''),
    ]
      .map(cell)
      .join(','),
  );
  return [['id', 'kind', 'model', 'unit', 'site', ...labels].map(cell).join(','), ...lines, ''].join('\n');
}

function cell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
