import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { runTool } from "../image/run-tool.ts";
import { parseUBootCopy, uBootCopy } from "./u-boot-environment.ts";

const copy = (...entries: string[]): Buffer => {
  const sector = Buffer.alloc(512);
  sector.write(`${entries.join("\0")}\0\0`, 4, "latin1");
  sector.writeUInt32LE(crc32(sector.subarray(4)), 0);
  return sector;
};

test("a copy is what U-Boot would import, with its numbers in hexadecimal", () => {
  expect(
    parseUBootCopy(
      copy("moult_tries=2", "moult_trial=b", "moult_generation=1f", "moult_good=a", "other=x=y"),
    ),
  ).toEqual({ generation: 31, good: "a", trial: "b", tries: 2 });
  expect(parseUBootCopy(uBootCopy(17))).toEqual({ generation: 17, good: "a", trial: "", tries: 0 });
});

test("a factory's copy is the one that U-Boot's own tool makes", () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-copy-"));
  try {
    const [text, file] = [join(folder, "copy.txt"), join(folder, "copy.img")];
    writeFileSync(text, "moult_generation=a\nmoult_good=a\nmoult_tries=0\n");
    runTool("mkenvimage", ["-s", "512", "-p", "0", "-o", file, text]);
    expect(readFileSync(file)).toEqual(uBootCopy(10));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const whole = copy("moult_generation=1", "moult_good=a", "moult_tries=0");
const torn = Buffer.concat([whole.subarray(0, 256), Buffer.alloc(256, 0xff)]);

test.each([
  ["nothing", Buffer.alloc(512)],
  ["erased flash", Buffer.alloc(512, 0xff)],
  ["a torn sector", torn],
  ["no slot", copy("moult_generation=1", "moult_good=c", "moult_tries=0")],
  [
    "a trial of the good slot",
    copy("moult_generation=1", "moult_good=a", "moult_trial=a", "moult_tries=1"),
  ],
  ["tries of nothing", copy("moult_generation=1", "moult_good=a", "moult_tries=1")],
  ["no number", copy("moult_generation=x", "moult_good=a", "moult_tries=0")],
])("%s is no copy", (_name, bytes) => {
  expect(parseUBootCopy(bytes)).toBeUndefined();
});
