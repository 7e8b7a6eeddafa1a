import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { AGENT_BUNDLE } from "../../local/local-agent.ts";
import { ROOT } from "../../build/bundle-program.ts";
import type { Board } from "../machine/board.ts";
import { makeRuntime } from "./make-disk.ts";
import { makeInitrd } from "./make-initrd.ts";
import { makeSystem, MOUNT_SCRIPTS, type SystemHealth } from "./make-system.ts";

/** Everything that is fetched or built for the rig; git ignores it. */
export const RIG_FOLDER = join(ROOT, ".build/rig");

/** The system of one release. */
export interface RigSystem {
  readonly name: string;
  readonly health: SystemHealth;
  readonly file: string;
  /** Of all its bytes, in lower-case hexadecimal. */
  readonly sha256: string;
}

export interface RigImages {
  readonly board: Board;
  readonly systems: readonly RigSystem[];
  readonly runtimeFile: string;
}

/** What devices go through, in this order and again. The factory's comes first. */
const VERSIONS = [
  { name: "rig-1", health: "healthy" },
  { name: "rig-2", health: "healthy" },
  { name: "rig-3", health: "ill" },
  { name: "rig-4", health: "healthy" },
  { name: "rig-5", health: "dead" },
  { name: "rig-6", health: "cut-off" },
  { name: "rig-7", health: "healthy" },
  { name: "rig-8", health: "without-kernel" },
  { name: "rig-9", health: "hanging" },
] as const;

export interface ImagesOptions {
  /** Absent: the one that `npm run build` made. */
  readonly agentBundle?: string | undefined;
  /** The systems that there are, by their names, the factory's first. Absent: all. */
  readonly only?: readonly string[] | undefined;
}

/** Makes what is missing. */
export function buildImages(
  board: Board,
  say: (line: string) => void,
  { agentBundle = AGENT_BUNDLE, only }: ImagesOptions = {},
): RigImages {
  mkdirSync(RIG_FOLDER, { recursive: true });
  const guest = board.guest(RIG_FOLDER);
  say(`${board.name}: ${guest.says}`);
  const initrd = makeInitrd(guest, board.early);
  const parts = { board, guest, initrd, modules: join(ROOT, "dist/modules/v3") };
  const content = contentDigest(board, initrd, agentBundle);
  const versions = VERSIONS.filter(({ name }) => only?.includes(name) ?? true);
  const systems = versions.map(({ name, health }) => {
    const file = join(RIG_FOLDER, `${name}-${content}.img`);
    if (!existsSync(file)) {
      makeSystem(parts, { name, health, agentBundle }, `${file}.new`);
      renameSync(`${file}.new`, file);
    }
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    say(`${file} ${board.layout.systemBytes / 1024 / 1024} MiB, ${health}`);
    return { name, health, file, sha256 };
  });
  const runtimeFile = join(RIG_FOLDER, `runtime-${board.hardwareType}-${process.version}.img`);
  makeRuntime(guest, board.layout.partitions["moult-runtime"].sizeBytes, runtimeFile);
  return { board, systems, runtimeFile };
}

/** Names what systems are made of, so that a changed agent or recipe is not mistaken for the one before. */
function contentDigest(board: Board, initrd: Uint8Array, agentBundle: string): string {
  const digest = createHash("sha256")
    .update(board.name)
    .update(initrd)
    .update(readFileSync(agentBundle));
  for (const file of [
    "make-system.ts",
    "make-file-system.ts",
    "guest-scripts.ts",
    "disk-layout.ts",
  ])
    digest.update(readFileSync(join(import.meta.dirname, file)));
  for (const script of globSync(`${MOUNT_SCRIPTS}/moult-mount-*`).toSorted())
    digest.update(readFileSync(script));
  return digest.digest("hex").slice(0, 12);
}
