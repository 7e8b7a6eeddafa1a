import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  /** For columns whose title is no text. */
  readonly name?: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** `undefined`: not sortable. */
  readonly sort?: {
    readonly direction: "ascending" | "descending" | "none";
    readonly onSort: () => void;
  };
  /** Left out below this width, where a row is a card. */
  readonly hidden?: "phone";
  /** Has a line of its own where a row is a card. */
  readonly isWide?: boolean;
  /** On the first line of a card, the others below it. */
  readonly isLead?: boolean;
  /** A width class, so that tables below each other have the same columns. */
  readonly width?: string;
}

export interface TableProps<Row> {
  /** What the table lists, heard first. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly isSelected?: (row: Row) => boolean;
}

/**
 * Rows and columns. On a phone each row becomes a card of two lines and more, never a table that scrolls sideways: the same
 * elements, laid out differently, so that it stays one table to a screen reader.
 */
export function Table<Row>({ caption, columns, rows, keyOf, isSelected }: TableProps<Row>) {
  const hasLead = columns.some(({ isLead = false }) => isLead);
  return (
    <table className="w-full text-left max-sm:block" role="table">
      <caption className="sr-only">{caption}</caption>
      <thead className="max-sm:sr-only" role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <HeaderCell key={column.key} column={column} />
          ))}
        </tr>
      </thead>
      <tbody className="max-sm:flex max-sm:flex-col max-sm:gap-2" role="rowgroup">
        {rows.map((row) => (
          <tr
            key={keyOf(row)}
            role="row"
            className={classNames(
              "border-t border-line hover:bg-raised max-sm:flex max-sm:flex-wrap max-sm:items-center max-sm:gap-x-4 max-sm:gap-y-1 max-sm:rounded-lg max-sm:border max-sm:p-3",
              hasLead && "max-sm:after:order-1 max-sm:after:basis-full",
              isSelected?.(row) === true && "bg-move-tint",
            )}
          >
            {columns.map((column, index) => (
              <BodyCell
                key={column.key}
                column={column}
                isFirst={index === 0}
                isBelow={hasLead && column.isLead !== true}
                row={row}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function HeaderCell<Row>({ column }: { readonly column: Column<Row> }) {
  const { title, name, sort, width, isNumber = false } = column;
  return (
    <th
      scope="col"
      role="columnheader"
      {...(sort === undefined ? {} : { "aria-sort": sort.direction })}
      className={classNames(
        "whitespace-nowrap px-2 py-2 text-sm font-medium text-soft first:pl-0 last:pr-0",
        isNumber && "text-right",
        width,
      )}
    >
      {name !== undefined && <span className="sr-only">{name}</span>}
      {sort === undefined ? (
        title
      ) : (
        <button
          type="button"
          onClick={sort.onSort}
          className="inline-flex items-center gap-1 font-medium"
        >
          {title}
          <span aria-hidden="true">
            {sort.direction === "none" ? "↕" : sort.direction === "ascending" ? "↑" : "↓"}
          </span>
        </button>
      )}
    </th>
  );
}

function BodyCell<Row>({
  column,
  isFirst,
  isBelow,
  row,
}: {
  readonly column: Column<Row>;
  readonly isFirst: boolean;
  /** Under the first line, where a row is a card. */
  readonly isBelow: boolean;
  readonly row: Row;
}) {
  return (
    <td
      role="cell"
      className={classNames(
        "h-10 max-w-80 px-2 py-1 align-middle first:pl-0 last:pr-0 max-sm:h-auto max-sm:max-w-full max-sm:p-0",
        column.isNumber === true && "tabular text-right",
        column.hidden === "phone" && "max-sm:hidden",
        isFirst && "max-sm:font-medium",
        column.isWide === true && "max-sm:basis-full",
        isBelow && "max-sm:order-2",
      )}
    >
      {column.cell(row)}
    </td>
  );
}
