import { expect, test } from "vitest";
import { linesOf, logView } from "./log-lines.ts";

test("a log is its lines, whatever ends them", () => {
  expect(linesOf("one\r\ntwo\n")).toEqual(["one", "two"]);
  expect(linesOf("one\n\ntwo")).toEqual(["one", "", "two"]);
  expect(linesOf("")).toEqual([]);
});

test("it is read from its end, and lines keep their numbers", () => {
  const lines = ["a", "b", "c", "d"];

  expect(logView(lines, 2, "")).toEqual({
    lines: [
      { number: 3, text: "c" },
      { number: 4, text: "d" },
    ],
    earlier: 2,
    total: 4,
    fitting: 4,
  });
});

test("a search keeps the lines that have the text", () => {
  const view = logView(["Error: one", "fine", "an error"], 1, "ERROR");

  expect(view.lines).toEqual([{ number: 3, text: "an error" }]);
  expect(view).toMatchObject({ earlier: 1, total: 3, fitting: 2 });
});
