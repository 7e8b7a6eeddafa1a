import { expect, test } from "vitest";
import { rankRunning } from "./rank-running.ts";

test("the most frequent come first, and what is on its way keeps its row however few run it", () => {
  const many = Array.from({ length: 25 }, (_, index) => [`1.${index}`, 100 - index] as const);
  const { byRunning, otherRunning } = rankRunning(
    new Map<string | null, number>([...many, [null, 1_000], ["2.0", 1]]),
    new Set(["2.0", "3.0"]),
  );

  expect(byRunning[0]).toEqual({ artifactName: null, count: 1_000, isMoving: false });
  expect(byRunning.slice(-2)).toEqual([
    { artifactName: "2.0", count: 1, isMoving: true },
    { artifactName: "3.0", count: 0, isMoving: true },
  ]);
  expect(byRunning).toHaveLength(22);
  expect(otherRunning).toEqual({ versions: 6, count: 81 + 80 + 79 + 78 + 77 + 76 });
});
