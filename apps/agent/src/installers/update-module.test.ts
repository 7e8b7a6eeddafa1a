import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { anInstallation, incoming, someLimits, type RecordedLog } from "./installer.fixture.ts";
import type { Installation, Installer } from "./installer.ts";
import { createUpdateModule, findUpdateModule } from "./update-module.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let at: Installation & { readonly log: RecordedLog };
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-module-"));
  at = await anInstallation(join(folder, "tree"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A module made of the given lines of shell; `$1` is the state, `$2` the file tree. */
async function aModule(script: string, limits = someLimits()): Promise<Installer> {
  const modulesDir = join(folder, "modules");
  await mkdir(modulesDir, { recursive: true });
  const module = join(modulesDir, "test");
  await writeFile(module, `#!/bin/sh\n${script}\n`);
  await chmod(module, 0o755);
  return createUpdateModule(module, { limits, environment: () => process.env });
}

const files = () =>
  incoming({ first: "one\n", empty: "", second: "x".repeat(300_000), third: "three" });

describe("an update module that reads the streams", () => {
  const READS_ALL = `
    [ "$1" = Download ] || [ "$1" = DownloadWithFileSizes ] || exit 0
    while :; do
      line="$(cat stream-next)"
      [ -n "$line" ] || break
      echo "$line" >> tmp/lines
      name="\${line%% *}"
      cat "$name" > "tmp/$(basename "$name")"
    done`;

  test("gets every file once, whole and in order", async () => {
    const module = await aModule(READS_ALL);
    await module.unpack(files(), at, never);

    expect(await readFile(join(at.tree, "tmp/lines"), "utf8")).toBe(
      "streams/first\nstreams/empty\nstreams/second\nstreams/third\n",
    );
    expect(await readFile(join(at.tree, "tmp/first"), "utf8")).toBe("one\n");
    expect(await readFile(join(at.tree, "tmp/empty"), "utf8")).toBe("");
    expect((await readFile(join(at.tree, "tmp/second"))).length).toBe(300_000);
    expect(await readFile(join(at.tree, "tmp/third"), "utf8")).toBe("three");
    expect(await readdir(at.tree)).not.toContain("files");
  });

  test("gets the sizes when it asks for them", async () => {
    const module = await aModule(`[ "$1" = ProvidePayloadFileSizes ] && echo Yes\n${READS_ALL}`);
    await module.unpack(files(), at, never);

    expect(await readFile(join(at.tree, "tmp/lines"), "utf8")).toBe(
      "streams/first 4\nstreams/empty 0\nstreams/second 300000\nstreams/third 5\n",
    );
  });

  test("leaves neither streams nor stream-next behind", async () => {
    const module = await aModule(READS_ALL);
    await module.unpack(files(), at, never);
    expect((await readdir(at.tree)).toSorted()).toEqual(["header", "tmp"]);
  });

  test("need not ask for the end when it knows what it got", async () => {
    const module = await aModule(`
      [ "$1" = Download ] || exit 0
      for i in 1 2 3 4; do cat "$(cat stream-next)" >> tmp/all; done`);
    await module.unpack(files(), at, never);
    expect((await readFile(join(at.tree, "tmp/all"))).length).toBe(4 + 300_000 + 5);
  });

  test.each([
    ["stops after the name of the first", "cat stream-next"],
    ["stops after the first", 'cat "$(cat stream-next)" > tmp/first'],
    [
      "stops in the middle of one",
      'for i in 1 2; do cat "$(cat stream-next)"; done; head -c 10 "$(cat stream-next)"',
    ],
  ])("and %s has failed", async (_, script) => {
    const module = await aModule(`[ "$1" = Download ] || exit 0\n${script}\nexit 0`);
    await expect(module.unpack(files(), at, never)).rejects.toMatchObject({
      code: "install-failed",
      detail: "update module Download ended before it read all streams",
    });
  });

  test("and fails has failed with its exit code", async () => {
    const module = await aModule('[ "$1" = Download ] || exit 0\ncat stream-next\nexit 3');
    await expect(module.unpack(files(), at, never)).rejects.toMatchObject({
      detail: "update module Download ended with exit code 3",
    });
  });

  test("is ended when the payload turns out to be another", async () => {
    async function* broken() {
      yield* incoming({ first: "one\n" });
      throw new Error("the digest is wrong");
    }
    const module = await aModule(`${READS_ALL}\necho done > tmp/done`);
    await expect(module.unpack(broken(), at, never)).rejects.toThrow("the digest is wrong");
    expect(await readdir(join(at.tree, "tmp"))).not.toContain("done");
  });
});

test("a module that does not touch the streams finds the payload in files/", async () => {
  const module = await aModule("exit 0");
  await module.unpack(files(), at, never);

  expect((await readdir(join(at.tree, "files"))).toSorted()).toEqual([
    "empty",
    "first",
    "second",
    "third",
  ]);
  expect((await readFile(join(at.tree, "files/second"))).length).toBe(300_000);
});

test("a module that takes too long is ended with everything it started", async () => {
  const module = await aModule(
    'trap "" TERM; (trap "" TERM; sleep 30; echo late > tmp/late) & echo $! > tmp/child; wait; sleep 30',
    someLimits({ moduleTimeoutMs: 200, killAfterMs: 100 }),
  );
  await expect(module.install(at, never)).rejects.toMatchObject({
    code: "install-failed",
    detail: "update module ArtifactInstall took longer than 0.2 seconds",
  });

  const child = Number(await readFile(join(at.tree, "tmp/child"), "utf8"));
  expect(await isGone(child)).toBe(true);
});

test("a module that is no longer wanted is ended at once", async () => {
  const module = await aModule("echo up >&2; sleep 30");
  const left = new AbortController();
  const installing = module.install(at, left.signal);
  await at.log.until("update-module-output");
  left.abort(new Error("the state was left"));

  await expect(installing).rejects.toThrow("the state was left");
});

test.each([
  ["No", "none"],
  ["", "none"],
  ["Automatic", "system"],
  ["Yes", "installer"],
])("a module that answers %j to NeedsArtifactReboot needs: %s", async (answer, need) => {
  const module = await aModule(`[ "$1" = NeedsArtifactReboot ] && printf "%s" "${answer}"; exit 0`);
  await expect(module.neededReboot(at, never)).resolves.toBe(need);
});

test("an answer outside the protocol is an error that shows it", async () => {
  const module = await aModule("echo Perhaps");
  await expect(module.neededReboot(at, never)).rejects.toMatchObject({
    detail: 'update module answered NeedsArtifactReboot with "Perhaps"',
  });
  await expect(module.supportsRollback(at, never)).rejects.toMatchObject({
    code: "install-failed",
  });
});

test("each state is called with its name and the file tree, in the tree", async () => {
  const module = await aModule('[ "$2" = "$PWD" ] && echo "$1" >> tmp/states');
  const rebooted = { ...at, reboot: "system" as const };
  await module.install(rebooted, never);
  await module.reboot(rebooted, never);
  await module.verify(rebooted, never);
  await module.commit(rebooted, never);
  await module.rollBack(rebooted, never);
  await module.rebootRollback(rebooted, never);
  await module.verifyRollback(rebooted, never);
  await module.handleFailure(rebooted, never);
  await module.cleanUp({ ...rebooted, isCommitted: false }, never);

  expect((await readFile(join(at.tree, "tmp/states"), "utf8")).split("\n")).toEqual([
    "ArtifactInstall",
    "ArtifactReboot",
    "ArtifactVerifyReboot",
    "ArtifactCommit",
    "ArtifactRollback",
    "ArtifactRollbackReboot",
    "ArtifactVerifyRollbackReboot",
    "ArtifactFailure",
    "Cleanup",
    "",
  ]);
});

test("what a module prints is in the update's log", async () => {
  const module = await aModule('echo "to stdout"; echo "to stderr" >&2');
  await module.install(at, never);

  expect(at.log.entries.map(({ fields }) => fields)).toEqual(
    expect.arrayContaining([
      { state: "ArtifactInstall", stream: "stdout", line: "to stdout" },
      { state: "ArtifactInstall", stream: "stderr", line: "to stderr" },
    ]),
  );
});

test.each(["../test", "a/b", ".hidden", "", "missing"])(
  "there is no module for payload type %j",
  async (payloadType) => {
    await aModule("exit 0");
    expect(await findUpdateModule(join(folder, "modules"), payloadType)).toBeUndefined();
  },
);

async function isGone(pid: number): Promise<boolean> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      if (/\) Z /.test(stat)) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
