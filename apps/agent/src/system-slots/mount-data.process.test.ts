import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// The scripts that mount partitions, in real shells; the programs that they call note how, and end as they are told.

const scriptOf = (name: string): string =>
  fileURLToPath(new URL(`../../boot-integration/data/${name}`, import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-mount-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "disk"), "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that notes its call, and ends with each of these exit codes in turn. */
function program(name: string, ...exitCodes: readonly number[]): void {
  const file = join(folder, "bin", name);
  const count = join(folder, `count-${name}`);
  const ends = exitCodes.map((code, index) => `${index}) exit ${code};;`).join(" ");
  writeFileSync(
    file,
    `#!/bin/sh\necho "${name} $*" >>${folder}/calls\nn=0; [ -e ${count} ] && read -r n <${count}\necho $((n + 1)) >${count}\ncase $n in ${ends} esac\n`,
  );
  chmodSync(file, 0o755);
}

function run(shell: readonly string[], script: string, ...args: readonly string[]) {
  const [file = "sh", ...before] = shell;
  const { status, stderr } = spawnSync(file, [...before, scriptOf(script), ...args], {
    encoding: "utf8",
    env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, MOULT_DEVICE_SECONDS: "0" },
  });
  const calls = join(folder, "calls");
  const lines = existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [];
  return { status, stderr, calls: lines.map((line) => line.replaceAll(folder, "")) };
}

const SHELLS = [
  ["dash", ["dash"]],
  // BusyBox would call its own mount, whatever is in the PATH.
  ["bash", ["bash", "--posix"]],
] as const;

describe.each(SHELLS)("the data partition, mounted by %s,", (_, shell) => {
  const mounted = (...args: readonly string[]) =>
    run(shell, "moult-mount-data", ...args, join(folder, "disk"), join(folder, "data"));
  const MOUNT = "mount -t ext4 /disk /data";
  const CHECK = "e2fsck -fy /disk";
  const MEMORY = "mount -t tmpfs -o mode=0700,size=50% tmpfs /data";

  beforeEach(() => {
    program("e2fsck", 0);
    program("mke2fs", 0);
  });

  test("that is whole is mounted and left alone", () => {
    program("mount", 0);
    expect(mounted()).toMatchObject({ status: 0, calls: [MOUNT] });
  });

  test("that was torn is mended", () => {
    program("mount", 32, 0);
    program("e2fsck", 1);
    const { status, calls, stderr } = mounted();
    expect({ status, calls }).toEqual({ status: 0, calls: [MOUNT, CHECK, MOUNT] });
    expect(stderr).toContain("was mended");
  });

  test("that cannot be mended stays as it is, and memory takes its place", () => {
    program("mount", 32, 32, 0);
    program("e2fsck", 8);
    expect(mounted()).toMatchObject({ status: 0, calls: [MOUNT, CHECK, MOUNT, MEMORY] });
  });

  test("that cannot be mended is made anew where that was asked for", () => {
    program("mount", 32, 32, 0);
    program("e2fsck", 8);
    expect(mounted("--remake").calls).toEqual([
      MOUNT,
      CHECK,
      MOUNT,
      "mke2fs -q -F -t ext4 /disk",
      MOUNT,
    ]);
  });

  test("that is whole but cannot be mounted for another reason is never made anew", () => {
    program("mount", 32, 32, 0);
    program("e2fsck", 0);
    expect(mounted("--remake").calls).toEqual([MOUNT, CHECK, MOUNT, MEMORY]);
  });

  test("whose disk is gone is replaced by memory", () => {
    program("mount", 32, 0);
    rmSync(join(folder, "disk"));
    const { calls, stderr } = mounted("--remake");
    expect(calls).toEqual([MOUNT, MEMORY]);
    expect(stderr).toContain("there is no");
  });
});

describe.each(SHELLS)("the partition of what outlives every system, mounted by %s,", (_, shell) => {
  const mounted = () => run(shell, "moult-mount-keep", join(folder, "disk"), join(folder, "keep"));
  const MOUNT = "mount -t ext4 -o ro /disk /keep";
  const CHECK = "e2fsck -fy /disk";

  test("is mounted read-only", () => {
    program("mount", 0);
    expect(mounted()).toMatchObject({ status: 0, calls: [MOUNT] });
  });

  test("is mended when it was torn", () => {
    program("mount", 32, 0);
    program("e2fsck", 1);
    expect(mounted()).toMatchObject({ status: 0, calls: [MOUNT, CHECK, MOUNT] });
  });

  test("is neither made anew nor replaced when it cannot be mended", () => {
    program("mount", 32, 32);
    program("e2fsck", 8);
    expect(mounted()).toMatchObject({ status: 1, calls: [MOUNT, CHECK, MOUNT] });
  });
});
