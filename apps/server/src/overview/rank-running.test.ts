import type { ProductName } from "@moult/model";
import { expect, test } from "vitest";
import { rankRunning } from "./rank-running.ts";

const PUMP = "pump" as ProductName;
const METER = "meter" as ProductName;

test("the most frequent come first, and what is on its way keeps its row however few run it", () => {
  const many = Array.from({ length: 25 }, (_, index) => ({
    product: PUMP,
    artifactName: `1.${index}`,
    count: 100 - index,
  }));
  const { byRunning, otherRunning } = rankRunning(
    [
      ...many,
      { product: PUMP, artifactName: null, count: 1_000 },
      { product: PUMP, artifactName: "2.0", count: 1 },
    ],
    [
      { product: PUMP, version: "2.0" },
      { product: PUMP, version: "3.0" },
      { product: PUMP, version: "3.0" },
    ],
  );

  expect(byRunning[0]).toEqual({
    product: PUMP,
    artifactName: null,
    count: 1_000,
    isMoving: false,
  });
  expect(byRunning.slice(-2)).toEqual([
    { product: PUMP, artifactName: "2.0", count: 1, isMoving: true },
    { product: PUMP, artifactName: "3.0", count: 0, isMoving: true },
  ]);
  expect(byRunning).toHaveLength(22);
  expect(otherRunning).toEqual({ versions: 6, count: 81 + 80 + 79 + 78 + 77 + 76 });
});

test("a version on its way to one product is not on its way to another that has one of that name", () => {
  const { byRunning } = rankRunning(
    [{ product: METER, artifactName: "1.0", count: 10_000 }],
    [{ product: PUMP, version: "1.0" }],
  );

  expect(byRunning).toEqual([
    { product: METER, artifactName: "1.0", count: 10_000, isMoving: false },
    { product: PUMP, artifactName: "1.0", count: 0, isMoving: true },
  ]);
});
