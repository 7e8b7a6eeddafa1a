import { expect, test } from "vitest";
import { devicesSearch } from "./page-search.ts";
import { readSearch, writeSearch } from "./search-params.ts";

test("a version in an address is text, not a number", () => {
  expect(devicesSearch(readSearch("?running=2.0&search=0042&updating=true"))).toEqual({
    running: "2.0",
    search: "0042",
    updating: "true",
  });
});

test("what stands twice is a list, and what stands once is a list of one where a list is meant", () => {
  const twice = devicesSearch(readSearch("?attribute=region%3Deu&attribute=site%3Da%26b"));

  expect(twice.attribute).toEqual(["region=eu", "site=a&b"]);
  expect(devicesSearch(readSearch("?attribute=region%3Deu")).attribute).toEqual(["region=eu"]);
});

test.each([
  {},
  { search: 'a "quoted" name & more', sort: "name" },
  { attribute: ["a=1", "b=2"], running: "1.0" },
])("what is written is read again: %j", (search) => {
  expect(readSearch(writeSearch(search))).toEqual(search);
});

test("what is not there is not written", () => {
  expect(writeSearch({ cursor: undefined })).toBe("");
});
