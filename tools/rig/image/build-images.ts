import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { AGENT_BUNDLE } from "../../local/local-agent.ts";
import { ROOT } from "../../build/bundle-program.ts";
import { SYSTEM_BYTES } from "./disk-layout.ts";
import { fetchKernel } from "./kernel.ts";
import type { GrubScripts } from "./make-boot-code.ts";
import { makeRuntime } from "./make-disk.ts";
import { makeInitrd } from "./make-initrd.ts";
import { makeSystem, type SystemHealth } from "./make-system.ts";

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
  readonly systems: readonly RigSystem[];
  readonly runtimeFile: string;
  readonly grubScripts: GrubScripts;
}

/** What devices go through, in this order and again. The factory's comes first. */
const VERSIONS = [
  { name: "rig-1", health: "healthy" },
  { name: "rig-2", health: "healthy" },
  { name: "rig-3", health: "ill" },
  { name: "rig-4", health: "healthy" },
  { name: "rig-5", health: "dead" },
  { name: "rig-6", health: "cut-off" },
] as const;

/** Makes what is missing. The agent in it is the one that `npm run build` made, or another for a control. */
export function buildImages(
  say: (line: string) => void,
  agentBundle: string = AGENT_BUNDLE,
): RigImages {
  mkdirSync(RIG_FOLDER, { recursive: true });
  const kernel = fetchKernel(RIG_FOLDER);
  say(`kernel ${kernel.release}`);
  const parts = { kernel, initrd: makeInitrd(kernel), modules: join(ROOT, "dist/modules/v3") };
  const content = contentDigest(parts.initrd, agentBundle);
  const systems = VERSIONS.map(({ name, health }) => {
    const file = join(RIG_FOLDER, `${name}-${content}.img`);
    if (!existsSync(file)) {
      makeSystem(parts, { name, health, agentBundle }, `${file}.new`);
      renameSync(`${file}.new`, file);
    }
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    say(`${file} ${SYSTEM_BYTES / 1024 / 1024} MiB, ${health}`);
    return { name, health, file, sha256 };
  });
  const runtimeFile = join(RIG_FOLDER, `runtime-${process.version}.img`);
  makeRuntime(runtimeFile);
  say(`${runtimeFile} Node ${process.version}`);
  return { systems, runtimeFile, grubScripts: readGrubScripts() };
}

/** The scripts that ship for GRUB, unchanged. */
function readGrubScripts(): GrubScripts {
  const folder = join(ROOT, "apps/agent/boot-integration/grub");
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(".cfg"))
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}

/** Names what systems are made of, so that a changed agent or recipe is not mistaken for the one before. */
function contentDigest(initrd: Uint8Array, agentBundle: string): string {
  const digest = createHash("sha256").update(initrd).update(readFileSync(agentBundle));
  for (const file of [
    "make-system.ts",
    "make-file-system.ts",
    "guest-scripts.ts",
    "disk-layout.ts",
  ])
    digest.update(readFileSync(join(import.meta.dirname, file)));
  return digest.digest("hex").slice(0, 12);
}
