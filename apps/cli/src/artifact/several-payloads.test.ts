import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMoult } from "../cli.fixture.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-payloads-"));
  mkdirSync(join(folder, "parts", "build"), { recursive: true });
  writeFileSync(at("parts/build/run"), "#!/bin/sh\n");
  writeFileSync(at("parts/firmware.bin"), "firmware");
  writeFileSync(at("conf"), "new");
  describe("app.json", { type: "app", dir: "build", appName: "web", command: ["./run"] });
  describe("firmware.json", {
    type: "firmware",
    files: ["firmware.bin"],
    provides: { "firmware.version": "7" },
    depends: { board: ["a", "b"] },
    noDefaultProvides: true,
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const describe = (name: string, payload: object): void =>
  writeFileSync(at(`parts/${name}`), JSON.stringify(payload));
const create = (...more: readonly string[]) =>
  runMoult([
    ..."artifact create --name machine-2 --hardware-type board --out".split(" "),
    at("machine-2.mender"),
    ...more,
  ]);

async function written(): Promise<{ readonly payloads: readonly object[] }> {
  const { out } = await runMoult(["artifact", "read", at("machine-2.mender"), "--json"]);
  return JSON.parse(out) as { payloads: readonly object[] };
}

test("a release of several payloads is written in the order in which they were named", async () => {
  const run = await create(
    ..."--type single-file --dest-dir /etc".split(" "),
    at("conf"),
    "--payload",
    at("parts/app.json"),
    "--payload",
    at("parts/firmware.json"),
  );

  expect(run).toMatchObject({ code: 0, err: "" });
  expect(await written()).toMatchObject({
    provides: {
      artifact_name: "machine-2",
      "rootfs-image.single-file.version": "machine-2",
      "rootfs-image.web.version": "machine-2",
      "firmware.version": "7",
    },
    depends: { board: ["a", "b"] },
    payloads: [
      { type: "single-file" },
      { type: "app", metaData: { name: "web", command: ["./run"] } },
      { type: "firmware" },
    ],
  });
});

test("described payloads alone make an artifact", async () => {
  expect(await create("--payload", at("parts/firmware.json"))).toMatchObject({ code: 0 });
  expect((await written()).payloads).toMatchObject([{ type: "firmware" }]);
});

test.each<[string, readonly string[], number, RegExp]>([
  ["nothing to put in", [], 2, /--type TYPE, or --payload FILE/],
  ["options without their payload", ["--payload", "app", "--unit", "web"], 2, /--unit is for/],
  ["files without their payload", ["--payload", "app", "conf"], 2, /FILEs are for/],
  ["a misspelt name", ["--payload", "misspelt"], 1, /destdir/],
  ["no JSON", ["--payload", "torn"], 1, /is not JSON/],
])("%s is a mistake", async (_, args, code, message) => {
  describe("misspelt.json", { type: "directory", destdir: "/opt" });
  writeFileSync(at("parts/torn.json"), "{");
  const named = args.map((arg) =>
    arg.startsWith("-") || arg === "web" || arg === "conf" ? arg : at(`parts/${arg}.json`),
  );

  const run = await create(...named);

  expect(run.code).toBe(code);
  expect(run.err).toMatch(message);
});
