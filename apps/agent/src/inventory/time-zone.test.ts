import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { timeZoneName } from "./time-zone.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-zone-"));
  await mkdir(join(root, "etc"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const localtime = (target: string) => symlink(target, join(root, "etc/localtime"));

test("a machine's time zone is the one that its clock's file is a link to", async () => {
  await localtime("../usr/share/zoneinfo/America/Argentina/Salta");
  expect(timeZoneName({}, root)).toBe("America/Argentina/Salta");
});

test("a machine whose clock's file is a copy may name its zone beside it", async () => {
  await writeFile(join(root, "etc/localtime"), "TZif2");
  expect(timeZoneName({}, root)).toBeUndefined();
  await writeFile(join(root, "etc/timezone"), "Europe/Lisbon\n");
  expect(timeZoneName({}, root)).toBe("Europe/Lisbon");
});

test("a machine that was never told its zone goes by UTC", () => {
  expect(timeZoneName({}, root)).toBe("UTC");
});

test("the variable that decides for every program decides here too", async () => {
  await localtime("/usr/share/zoneinfo/posix/Asia/Kolkata");
  expect(timeZoneName({}, root)).toBe("Asia/Kolkata");
  expect(timeZoneName({ TZ: ":Europe/Berlin" }, root)).toBe("Europe/Berlin");
  expect(timeZoneName({ TZ: "/usr/share/zoneinfo/Asia/Tokyo" }, root)).toBe("Asia/Tokyo");
  // Rules without a name.
  expect(timeZoneName({ TZ: "CET-1CEST,M3.5.0,M10.5.0/3" }, root)).toBeUndefined();
});
