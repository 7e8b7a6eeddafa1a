import { createCipheriv, createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ROOT } from "../../build/bundle-program.ts";
import type { Board, Guest } from "../machine/board.ts";
import { initScript, RESTART } from "./guest-scripts.ts";
import { makeFileSystem } from "./make-file-system.ts";
import { runTool } from "./run-tool.ts";

/**
 * What becomes of a system that is started. A device stays on a healthy one only: an ill one says so itself, by a check
 * that it brings; one that is cut off runs, but does not reach its server; a dead one restarts before its agent does
 * anything, so that the bootloader alone can help; of one that hangs then, only its watchdog makes a restart; one without a
 * kernel cannot be started.
 */
export type SystemHealth = "healthy" | "ill" | "cut-off" | "dead" | "hanging" | "without-kernel";

/** What tells a release's system from another one's. */
export interface SystemVersion {
  /** The name of its artifact. */
  readonly name: string;
  readonly health: SystemHealth;
  /** The agent that it carries. */
  readonly agentBundle: string;
}

export interface SystemParts {
  readonly board: Board;
  readonly guest: Guest;
  readonly initrd: Buffer;
  /** The folder of the agent's update modules. */
  readonly modules: string;
}

/** Random bytes that no other version has, in every block: what is half written cannot look whole. */
const FILLER_BYTES = 4 * 1024 * 1024;
/** No more than they need: a table of inodes for every 16 KiB would be a tenth of the file system. */
const INODES = 1_024;
/** What ships for systems that mount by hand. */
export const MOUNT_SCRIPTS = join(ROOT, "apps/agent/boot-integration/data");
const FOLDERS =
  "bin boot data dev etc/moult/health.d keep lib lib64 mnt proc root run sbin sys tmp usr/bin usr/lib/moult usr/lib/runtime usr/share/moult/modules var";

/** Starts of one trial, where the bootloader can count them. */
export const TRIES_MAX = 2;

const agentConfig = ({ slots, triesMax = TRIES_MAX }: Board, health: SystemHealth) => ({
  identity: { attributes: { serial: "rig-1" } },
  checkIn: { secondsMin: 1, secondsMax: 2 },
  clock: { lift: true },
  // What never becomes well, or never reaches its server, need not be waited for.
  health: { deadlineSeconds: health === "ill" ? 3 : 300, intervalSeconds: 1 },
  updates: {
    confirmTimeoutSeconds: health === "cut-off" ? 10 : 300,
    rebootCommand: ["/sbin/restart-machine"],
  },
  slots: { ...slots, tries: triesMax },
  watchdog: { device: "/dev/watchdog", intervalSeconds: 15 },
  paths: {
    dataDir: "/data/moult",
    identityDir: "/keep/identity",
    bootStateDir: "/keep/boot",
    provisioningFile: "/keep/provisioning.json",
  },
});

/**
 * The file system of one release: all that a slot holds. A hand-made tree: busybox, a C library, the repair tool of the
 * file system, the agent and its modules, and the kernel with its early user space.
 */
export function makeSystem(parts: SystemParts, version: SystemVersion, file: string): void {
  const tree = mkdtempSync(join(tmpdir(), "moult-system-"));
  try {
    for (const folder of FOLDERS.split(" ")) mkdirSync(join(tree, folder), { recursive: true });
    addTools(tree, parts.guest);
    addKernel(tree, parts);
    addAgent(tree, parts, version);
    put(tree, "init", initScript(parts.board.partitionPrefix), 0o755);
    put(tree, "sbin/restart-machine", RESTART, 0o755);
    put(tree, "etc/filler", fillerOf(version.name), 0o644);
    parts.board.addToSystem?.(tree);
    if (version.health === "without-kernel") rmSync(join(tree, "boot"), { recursive: true });
    makeFileSystem({
      kind: "ext4",
      tree,
      file,
      sizeBytes: parts.board.layout.systemBytes,
      inodes: INODES,
      label: "moult-system",
      uuid: uuidOf(version.name),
      // It is only ever mounted read-only.
      hasJournal: false,
    });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function addTools(tree: string, { programs, libraries }: Guest): void {
  copyFileSync(programs.busybox, join(tree, "bin/busybox"));
  // The applets are the same on all architectures: this computer's own can be asked.
  for (const applet of runTool("/bin/busybox", ["--list"]).toString("utf8").trim().split("\n"))
    if (applet !== "busybox") symlinkSync("/bin/busybox", join(tree, "bin", applet));
  copyFileSync(programs.e2fsck, join(tree, "sbin/e2fsck"));
  copyFileSync(programs.mke2fs, join(tree, "sbin/mke2fs"));
  for (const { file, path } of libraries) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    copyFileSync(file, join(tree, path));
  }
}

function addKernel(tree: string, { guest, initrd }: SystemParts): void {
  copyFileSync(guest.kernel, join(tree, "boot/vmlinuz"));
  put(tree, "boot/initrd", initrd, 0o644);
  for (const module of guest.watchdogModules)
    copyFileSync(module, join(tree, "lib", basename(module)));
}

function addAgent(tree: string, { board, modules }: SystemParts, version: SystemVersion): void {
  for (const script of ["moult-mount-keep", "moult-mount-data"])
    put(tree, `usr/lib/moult/${script}`, readFileSync(join(MOUNT_SCRIPTS, script)), 0o755);
  copyFileSync(version.agentBundle, join(tree, "usr/bin/moult-agent"));
  chmodSync(join(tree, "usr/bin/moult-agent"), 0o755);
  cpSync(modules, join(tree, "usr/share/moult/modules/v3"), { recursive: true });
  put(
    tree,
    "etc/moult/agent.json",
    JSON.stringify(agentConfig(board, version.health), null, 2),
    0o644,
  );
  put(tree, "etc/moult/artifact_info", `artifact_name=${version.name}\n`, 0o644);
  const check = `#!/bin/sh\necho "the rig finds this system ${version.health}"\nexit ${version.health === "ill" ? 1 : 0}\n`;
  put(tree, "etc/moult/health.d/rig", check, 0o755);
  put(tree, "etc/health", `${version.health}\n`, 0o644);
}

function put(tree: string, path: string, content: string | Uint8Array, mode: number): void {
  writeFileSync(join(tree, path), content);
  chmodSync(join(tree, path), mode);
}

const digestOf = (name: string): Buffer => createHash("sha256").update(name).digest();

const fillerOf = (name: string): Buffer =>
  createCipheriv("aes-128-ctr", digestOf(name).subarray(0, 16), Buffer.alloc(16)).update(
    Buffer.alloc(FILLER_BYTES),
  );

/** The same for each name, and another one for another. */
export function uuidOf(name: string): string {
  const digits = digestOf(`uuid of ${name}`).toString("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}
