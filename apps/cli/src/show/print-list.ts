import type { CommandContext, OptionSpecs } from "../command-line/command.ts";
import { integer } from "../command-line/option-value.ts";
import { columnWidths, headerLine, rowLine, type Column } from "../terminal/table-text.ts";
import { printJson } from "./print-json.ts";

/** Options of the commands whose list comes in pages. */
export const PAGING_OPTIONS = {
  all: { type: "boolean", help: "All pages, not only the first" },
  limit: { type: "string", value: "NUMBER", help: "Items on a page" },
  cursor: { type: "string", value: "CURSOR", help: "Go on where an earlier page ended" },
} as const satisfies OptionSpecs;

interface PagingValues {
  readonly all: boolean;
  readonly limit: string | undefined;
  readonly cursor: string | undefined;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The part of a list's query that the paging options make; `max` is the most that the list gives at once. */
export const pagingQuery = ({ limit, cursor, all }: PagingValues, max = 500) => ({
  limit: integer("limit", limit, { min: 1, max }) ?? (all ? max : undefined),
  cursor,
});

/** Prints a whole list that comes in one piece. */
export function printList<Item>(
  { terminal, isJson }: CommandContext,
  reply: { readonly items: readonly Item[] },
  columns: readonly Column<Item>[],
  nothing: string,
): void {
  if (isJson) {
    printJson(terminal, reply);
    return;
  }
  if (reply.items.length === 0) terminal.err(nothing);
  else {
    const widths = columnWidths(columns, reply.items, terminal.columns);
    terminal.out(headerLine(columns, widths, terminal));
    for (const item of reply.items) terminal.out(rowLine(item, columns, widths, terminal));
  }
}

/** Prints the first page, or all of them as they arrive, so that a large fleet is never held at once. */
export async function printPages<Item>(
  context: CommandContext,
  options: PagingValues,
  pages: AsyncIterable<Page<Item>>,
  columns: readonly Column<Item>[],
  nothing: string,
): Promise<void> {
  if (!options.all) {
    for await (const page of pages) {
      printOnePage(context, page, columns, nothing);
      return;
    }
  }
  await (context.isJson
    ? printAllAsJson(context, pages)
    : printAllAsTable(context, pages, columns, nothing));
}

function printOnePage<Item>(
  context: CommandContext,
  page: Page<Item>,
  columns: readonly Column<Item>[],
  nothing: string,
): void {
  printList(context, page, columns, nothing);
  if (!context.isJson && page.nextCursor !== null)
    context.terminal.err(
      `There are more: --all shows them, --cursor ${page.nextCursor} the next ones.`,
    );
}

async function printAllAsJson<Item>(
  { terminal }: CommandContext,
  pages: AsyncIterable<Page<Item>>,
): Promise<void> {
  let before = '{\n  "items": [';
  for await (const { items } of pages)
    for (const item of items) {
      terminal.out(`${before}\n    ${JSON.stringify(item)}`.trimStart());
      before = ",";
    }
  terminal.out(
    before === "," ? '  ],\n  "nextCursor": null\n}' : '{ "items": [], "nextCursor": null }',
  );
}

async function printAllAsTable<Item>(
  { terminal }: CommandContext,
  pages: AsyncIterable<Page<Item>>,
  columns: readonly Column<Item>[],
  nothing: string,
): Promise<void> {
  // The first page sets the widths; a wider cell later moves its own line only.
  let widths: readonly number[] | undefined;
  for await (const { items } of pages) {
    if (items.length === 0) continue;
    if (widths === undefined) {
      widths = columnWidths(columns, items, terminal.columns);
      terminal.out(headerLine(columns, widths, terminal));
    }
    for (const item of items) terminal.out(rowLine(item, columns, widths, terminal));
  }
  if (widths === undefined) terminal.err(nothing);
}
