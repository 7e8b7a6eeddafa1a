import { expect, test } from "vitest";
import { columnWidths, factsText, headerLine, rowLine, type Column } from "./table-text.ts";
import type { Terminal } from "./terminal.ts";

interface Row {
  readonly name: string;
  readonly count: number;
}
const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", text: ({ name }) => name },
  { title: "COUNT", text: ({ count }) => String(count), isNumber: true },
];
const terminalOf = (columns: number | undefined): Terminal =>
  ({ columns, style: (_, text) => text }) as Partial<Terminal> as Terminal;

function table(rows: readonly Row[], columns?: number): string[] {
  const terminal = terminalOf(columns);
  const widths = columnWidths(COLUMNS, rows, columns);
  return [
    headerLine(COLUMNS, widths, terminal),
    ...rows.map((row) => rowLine(row, COLUMNS, widths, terminal)),
  ];
}

test("columns line up, numbers on the right", () => {
  const rows = [
    { name: "canaries", count: 7 },
    { name: "端末", count: 1200 },
  ];

  expect(table(rows)).toEqual(["NAME      COUNT", "canaries      7", "端末       1200"]);
});

test("a narrow terminal makes the widest column narrower, a pipe gets all of it", () => {
  const rows = [{ name: "a-device-with-a-very-long-name", count: 7 }];

  expect(table(rows, 20).at(-1)).toBe("a-device-wit…      7");
  expect(table(rows).at(-1)).toContain("a-device-with-a-very-long-name");
});

test("a cell cannot break out of its line", () => {
  expect(table([{ name: "a\nb\u001b[1m", count: 1 }]).at(-1)).toContain("a␊b␛[1m");
});

test("facts line up, leave out what is not known, and indent what has several lines", () => {
  const text = factsText([
    ["Name", "gw-17"],
    ["Nothing", undefined],
    ["Groups", "one\ntwo"],
  ]);

  expect(text).toBe("Name    gw-17\nGroups  one\n        two");
});
