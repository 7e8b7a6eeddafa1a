import { expect, test } from "vitest";
import { queryProblem } from "./query-problem.ts";

test.each(["", "  ", "running < 2.0", "NOT inventory.site:*"])("%j has no problem", (text) => {
  expect(queryProblem(text)).toBeNull();
});

test("what is no query says where it stops being one", () => {
  expect(queryProblem("name = a or id = b")).toEqual({
    position: 9,
    sentence: "At character 10 of the query: expected AND, OR or the end.",
  });
});
