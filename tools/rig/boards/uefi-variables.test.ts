import { expect, test } from "vitest";
import { readUefiVariables } from "./uefi-variables.ts";

const STORE = 0x48;

function record(name: string, value: string, state: number): Buffer {
  const names = Buffer.from(`${name}\0`, "utf16le");
  const head = Buffer.alloc(60);
  head.writeUInt16LE(0x55aa, 0);
  head.writeUInt8(state, 2);
  head.writeUInt32LE(names.length, 36);
  head.writeUInt32LE(value.length, 40);
  const bytes = Buffer.concat([head, names, Buffer.from(value)]);
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, 0xff)]);
}

/** A volume whose store begins at `STORE`, with these records and erased flash behind them. */
function flashOf(...records: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(STORE + 28);
  head.writeUInt16LE(STORE, 0x30);
  head.writeUInt32LE(4_096, STORE + 16);
  return Buffer.concat([head, ...records, Buffer.alloc(4_096, 0xff)]);
}

const valuesIn = (flash: Buffer) =>
  Object.fromEntries([...readUefiVariables(flash)].map(([name, value]) => [name, String(value)]));

test("variables that hold are read, those that are deleted or not whole are not", () => {
  const flash = flashOf(
    record("One", "a", 0x3f),
    record("Two", "gone", 0x3d),
    record("Three", "half", 0x7f),
    record("Four", "abcde", 0x3f),
  );
  expect(valuesIn(flash)).toEqual({ One: "a", Four: "abcde" });
});

test("a variable that is being changed has its old value until the new one is whole", () => {
  const leaving = record("One", "old", 0x3e);
  expect(valuesIn(flashOf(leaving))).toEqual({ One: "old" });
  expect(valuesIn(flashOf(leaving, record("One", "new", 0x7f)))).toEqual({ One: "old" });
  expect(valuesIn(flashOf(leaving, record("One", "new", 0x3f)))).toEqual({ One: "new" });
});

test("a header that power went in the middle of ends the list", () => {
  const half = record("Two", "b", 0xff).fill(0xff, 36);
  expect(valuesIn(flashOf(record("One", "a", 0x3f), half))).toEqual({ One: "a" });
});
