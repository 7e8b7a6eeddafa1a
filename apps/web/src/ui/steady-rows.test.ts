import { expect, test } from "vitest";
import { steadyRows } from "./steady-rows.ts";

const row = (id: string, heard = 0) => ({ id, heard });
const keyOf = ({ id }: { readonly id: string }): string => id;

test("cells change in place and the order stays", () => {
  const steady = steadyRows([row("a"), row("b")], [row("b", 2), row("a", 1)], keyOf);

  expect(steady.rows).toEqual([row("a", 1), row("b", 2)]);
  expect(steady.changedCount).toBe(0);
});

test("rows that came wait to be shown, rows that went stay with what was last known", () => {
  const steady = steadyRows([row("a"), row("b")], [row("new"), row("b", 1)], keyOf);

  expect(steady.rows).toEqual([row("a"), row("b", 1)]);
  expect([...steady.goneKeys]).toEqual(["a"]);
  expect(steady.changedCount).toBe(2);
});
