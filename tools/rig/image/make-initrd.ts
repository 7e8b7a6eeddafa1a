import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  readdirSync,
  lutimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { EarlyUserSpace, Guest } from "../machine/board.ts";
import { runTool } from "./run-tool.ts";

/** Finds the slot that the bootloader chose and goes on in it; what cannot be mounted is reset, as a panic is. */
const initScript = (findRoot: string): string => `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do
  /bin/busybox insmod "$module" || echo "@@ NOMODULE $module"
done
root=
${findRoot}
if ! /bin/busybox mount -t ext4 -o ro "$root" /system; then
  echo "@@ NOROOT $root"
  /bin/busybox sleep 1
  /bin/busybox reboot -f -n
fi
/bin/busybox mount -o move /dev /system/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /system /init
`;

const FIND_ROOT = `for word in $(/bin/busybox cat /proc/cmdline); do
  case $word in root=*) root=\${word#root=} ;; esac
done`;

/** The early user space, as bytes that are the same each time. */
export function makeInitrd(
  { earlyModules, programs }: Pick<Guest, "earlyModules" | "programs">,
  { findRoot, programs: more }: EarlyUserSpace = { findRoot: FIND_ROOT, programs: {} },
): Buffer {
  const tree = mkdtempSync(join(tmpdir(), "moult-initrd-"));
  try {
    for (const folder of ["bin", "proc", "sys", "dev", "system", "modules"])
      mkdirSync(join(tree, folder));
    copyFileSync(programs.busybox, join(tree, "bin/busybox"));
    symlinkSync("busybox", join(tree, "bin/sh"));
    for (const [index, module] of earlyModules.entries()) {
      const name = `${String(index).padStart(2, "0")}-${basename(module)}`;
      copyFileSync(module, join(tree, "modules", name));
    }
    for (const [name, file] of Object.entries(more)) {
      copyFileSync(file, join(tree, "bin", name));
      chmodSync(join(tree, "bin", name), 0o755);
    }
    writeFileSync(join(tree, "init"), initScript(findRoot));
    chmodSync(join(tree, "init"), 0o755);
    const names = readdirSync(tree, { recursive: true, encoding: "utf8" }).toSorted();
    forgetTimes(tree, names);
    const archive = runTool(
      "cpio",
      ["-o", "-H", "newc", "-R", "0:0", "--reproducible", "--quiet"],
      {
        cwd: tree,
        input: `${names.join("\n")}\n`,
      },
    );
    return gzipSync(archive, { level: 9 });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Gives everything below `tree` one time, so that the same content makes the same image. */
export function forgetTimes(tree: string, names: readonly string[]): void {
  for (const name of names) lutimesSync(join(tree, name), 0, 0);
  utimesSync(tree, 0, 0);
}
