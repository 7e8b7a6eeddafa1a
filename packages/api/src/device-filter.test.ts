import { expect, test } from "vitest";
import { operations } from "./index.ts";

const read = (query: string) => operations.listDevices.query.safeParse({ query });

test("a query that is none is refused with its place and what was expected there", () => {
  expect(read("running >= 2.0").success).toBe(true);
  expect(read("name = a b").error?.issues).toMatchObject([
    { path: ["query"], message: "At character 10 of the query: expected AND, OR or the end." },
  ]);
  expect(read("a".repeat(2_049)).success).toBe(false);
});
