import { Grid, Table, type TableColumnType } from 'antd';
import type { ReactNode } from 'react';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly render: (row: T) => ReactNode;
  /** Sorts by what this gives; without it the column does not sort. */
  readonly by?: (row: T) => string | number;
  readonly width?: number;
  readonly align?: 'right';
}

interface DataListProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly columns: readonly Column<T>[];
  /** A row as a phone shows it. */
  readonly card: (row: T) => ReactNode;
  readonly empty: string;
}

const PAGE_SIZE = 25;

/** Whether there is room for tables. */
export function useIsWide(): boolean {
  return Grid.useBreakpoint().lg !== false;
}

/** Records as a table where there is room, as cards on a phone. */
export function DataList<T extends object>(props: DataListProps<T>) {
  const isWide = useIsWide();
  if (props.rows.length === 0) {
    return <p className="nothing quiet">{props.empty}</p>;
  }
  return isWide ? <Wide {...props} /> : <Narrow {...props} />;
}

function Wide<T extends object>({ label, rows, rowKey, columns }: DataListProps<T>) {
  const shown = columns.map(({ key, title, render, by, width, align }): TableColumnType<T> => {
    const sorter = by && ((one: T, other: T) => compare(by(one), by(other)));
    return {
      key,
      title,
      render: (_value, row) => render(row),
      ...(sorter && { sorter }),
      ...(width !== undefined && { width }),
      ...(align && { align }),
    };
  });
  return (
    <Table<T>
      aria-label={label}
      size="middle"
      rowKey={rowKey}
      columns={shown}
      dataSource={[...rows]}
      pagination={rows.length > PAGE_SIZE && { pageSize: PAGE_SIZE, showSizeChanger: false }}
      showSorterTooltip={false}
      scroll={{ x: true }}
    />
  );
}

function compare(one: string | number, other: string | number): number {
  return typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one).localeCompare(String(other), undefined, { numeric: true });
}

function Narrow<T extends object>({ label, rows, rowKey, card }: DataListProps<T>) {
  return (
    <ul className="cards" aria-label={label}>
      {rows.map((row) => (
        <li key={rowKey(row)}>{card(row)}</li>
      ))}
    </ul>
  );
}
