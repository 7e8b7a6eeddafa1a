import { expect, test } from "vitest";
import { createFreshValues } from "./fresh-value.ts";

const counting = () => {
  let found = 0;
  return { find: () => Promise.resolve((found += 1)), found: () => found };
};

test("a value whose version stays is found once, for each key", async () => {
  const values = createFreshValues<number>({ keptMs: 60_000, spacingMs: 0 });
  const { find } = counting();

  expect(await Promise.all([values.get("a", 1, find), values.get("a", 1, find)])).toEqual([1, 1]);
  expect(await values.get("b", 1, find)).toBe(2);
});

test("who has heard of a later version gets no value from before it", async () => {
  const values = createFreshValues<number>({ keptMs: 60_000, spacingMs: 0 });
  const { find } = counting();
  await values.get("a", 1, find);

  expect(await values.get("a", 2, find)).toBe(2);
});

test("however fast versions follow each other, all who ask too early share the next value", async () => {
  const values = createFreshValues<number>({ keptMs: 60_000, spacingMs: 20 });
  const { find, found } = counting();
  await values.get("a", 1, find);

  expect(await Promise.all([2, 3, 4, 5].map((version) => values.get("a", version, find)))).toEqual([
    2, 2, 2, 2,
  ]);
  expect(found()).toBe(2);
});

test("a value that is too old is found anew, and one that could not be found is not kept", async () => {
  const values = createFreshValues<number>({ keptMs: 0, spacingMs: 0 });
  const { find } = counting();
  await values.get("a", 1, find);
  expect(await values.get("a", 1, find)).toBe(2);

  await expect(values.get("b", 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await values.get("b", 1, find)).toBe(3);
});
