import { fitText, padText, plainLines, plainText, textWidth } from "./plain-text.ts";
import type { Terminal, TextStyle } from "./terminal.ts";

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Numbers line up on the right. */
  readonly isNumber?: true;
  readonly style?: (row: Row) => TextStyle | undefined;
}

const GAP = 2;
const SHRUNK_WIDTH_MIN = 8;

/** How wide each column is: as wide as its widest cell, the widest ones narrower where the terminal is. */
export function columnWidths<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns: number | undefined,
): readonly number[] {
  const widths = columns.map(({ title, text }) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(plainText(text(row))))),
  );
  if (terminalColumns === undefined) return widths;
  const total = (): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);
  while (total() > terminalColumns) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= SHRUNK_WIDTH_MIN) break;
    widths[widest] = width - 1;
  }
  return widths;
}

export function headerLine<Row>(
  columns: readonly Column<Row>[],
  widths: readonly number[],
  terminal: Terminal,
): string {
  return line(
    columns.map(({ title }) => terminal.style("bold", title)),
    columns,
    widths,
  );
}

export function rowLine<Row>(
  row: Row,
  columns: readonly Column<Row>[],
  widths: readonly number[],
  terminal: Terminal,
): string {
  const cells = columns.map(({ text, style }, index) => {
    const plain = plainText(text(row));
    const fitted = terminal.columns === undefined ? plain : fitText(plain, widths[index] ?? 0);
    const wanted = style?.(row);
    return wanted === undefined ? fitted : terminal.style(wanted, fitted);
  });
  return line(cells, columns, widths);
}

function line<Row>(
  cells: readonly string[],
  columns: readonly Column<Row>[],
  widths: readonly number[],
): string {
  return cells
    .map((cell, index) =>
      padText(cell, widths[index] ?? 0, columns[index]?.isNumber === true ? "left" : "right"),
    )
    .join(" ".repeat(GAP))
    .trimEnd();
}

/** Names and values below each other; values that are undefined are left out. Values may be of anybody: see `plainLines`. */
export function factsText(
  facts: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const shown = facts.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)));
  return shown
    .map(([name, value = ""]) => {
      const lines = plainLines(value).replace(/\n/g, `\n${" ".repeat(width + 2)}`);
      return `${padText(name, width)}  ${lines}`;
    })
    .join("\n");
}
