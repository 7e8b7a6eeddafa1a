import { lstat, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { syncFolder, systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type Installation, type Installer } from "./installer.ts";
import { storeFiles } from "./store-files.ts";
import { readSetting, targetFolder } from "./target-path.ts";
import { unpackTar } from "./unpack-tar.ts";
import { fileChunks } from "./file-chunks.ts";

// Payload type `directory`, as Mender's generator makes it: the files dest_dir and update.tar. The folder is replaced as a
// whole: what is not in update.tar is gone afterwards.
//
// The new folder is unpacked beside the old one, so that replacing it is two renames:
//
//   target            what runs                    after a cut between the two renames it is missing; the way back
//   target.moult-new  unpacked, waiting            finds the old one in target.moult-old
//   target.moult-old  the old one, until clean-up

/** What has to be known for the way back; written before anything is changed. */
const Plan = z.object({ target: z.string(), hadPrevious: z.boolean() });
type Plan = z.infer<typeof Plan>;

const ARCHIVE = "update.tar";
const planFile = (tree: string): string => join(tree, "tmp", "directory.json");
const newOf = (target: string): string => `${target}.moult-new`;
const oldOf = (target: string): string => `${target}.moult-old`;

export interface DirectoryInstallerDeps {
  readonly destRoot: string;
  readonly payloadBytesMax: number;
}

/** Replaces one folder by two renames; keeps the old one until the commit is done. */
export function createDirectoryInstaller(deps: DirectoryInstallerDeps): Installer {
  return {
    ...QUIET_STATES,
    unpack: async (files, at, signal) => {
      await storeFiles(files, at.tree, signal);
      await unpackBeside(deps, at, signal);
    },
    supportsRollback: () => Promise.resolve(true),
    install: async ({ tree }) => {
      const plan = await readPlan(tree);
      if (plan === undefined)
        throw new InstallError("install-failed", `${planFile(tree)} is missing`);
      if (plan.hadPrevious) await moveAway(plan.target);
      await rename(newOf(plan.target), plan.target);
      await syncFolder(dirname(plan.target));
    },
    rollBack: async ({ tree }) => {
      const plan = await readPlan(tree);
      if (plan !== undefined) await restore(plan);
    },
    cleanUp: async ({ tree }) => {
      const plan = await readPlan(tree);
      if (plan === undefined) return;
      await rm(newOf(plan.target), { recursive: true, force: true });
      // An interrupted clean-up may come without its rollback: what runs must not be missing for it.
      if (await exists(plan.target)) await rm(oldOf(plan.target), { recursive: true, force: true });
      await syncFolder(dirname(plan.target));
    },
  };
}

async function unpackBeside(
  deps: DirectoryInstallerDeps,
  { tree }: Installation,
  signal: AbortSignal,
): Promise<void> {
  const target = await targetFolder(deps.destRoot, await readSetting(tree, "dest_dir"));
  const archive = join(tree, "files", ARCHIVE);
  if (!(await exists(archive)))
    throw new InstallError("payload-refused", `the payload does not hold ${ARCHIVE}`);
  // Left by an update whose way back was lost with its state.
  if (!(await exists(target)) && (await exists(oldOf(target)))) await rename(oldOf(target), target);
  const hadPrevious = await exists(target);
  // Known before the first byte is unpacked, so that clean-up finds what an interrupted unpacking left.
  const plan: Plan = { target, hadPrevious };
  await mkdir(join(tree, "tmp"), { recursive: true, mode: 0o700 });
  await writeFileDurably(planFile(tree), JSON.stringify(plan));

  await rm(newOf(target), { recursive: true, force: true });
  await rm(oldOf(target), { recursive: true, force: true });
  await mkdir(newOf(target), { mode: 0o755 });
  const rules = { bytesMax: deps.payloadBytesMax, keepsOwners: true };
  await unpackTar(fileChunks(archive), newOf(target), rules, signal);
  await rm(archive);
  await syncFolder(dirname(target));
}

async function moveAway(target: string): Promise<void> {
  try {
    await rename(target, oldOf(target));
  } catch (cause) {
    const code = systemCode(cause);
    if (code !== "EBUSY" && code !== "EXDEV") throw cause;
    const detail = `${target} is a mount point and cannot be replaced as a whole; name a folder inside it`;
    throw new InstallError("install-failed", detail, { cause });
  }
}

/** Each step leaves a state from which the whole can be done again. */
async function restore({ target, hadPrevious }: Plan): Promise<void> {
  const isInstalled = !(await exists(newOf(target)));
  if (hadPrevious && (await exists(oldOf(target)))) {
    if (await exists(target)) {
      await rm(newOf(target), { recursive: true, force: true });
      await rename(target, newOf(target));
    }
    await rename(oldOf(target), target);
  } else if (!hadPrevious && isInstalled && (await exists(target))) {
    await rename(target, newOf(target));
  }
  await syncFolder(dirname(target));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return false;
    throw cause;
  }
}

async function readPlan(tree: string): Promise<Plan | undefined> {
  try {
    return Plan.parse(JSON.parse(await readFile(planFile(tree), "utf8")));
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw new InstallError("rollback-failed", `${planFile(tree)} cannot be read`, { cause });
  }
}
