import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { syncFolder, systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type Installer } from "./installer.ts";
import { checkRoom } from "./store-file.ts";
import { storeFiles } from "./store-files.ts";
import { readSetting, targetFolder } from "./target-path.ts";

// Payload type `single-file`, as Mender's generator makes it: the files dest_dir, filename, permissions, and the file.

/** What has to be known for the way back; written before anything is changed. */
const Plan = z.object({ target: z.string(), hadPrevious: z.boolean() });
type Plan = z.infer<typeof Plan>;

const planFile = (tree: string): string => join(tree, "tmp", "single-file.json");
const backupFile = (tree: string): string => join(tree, "tmp", "backup");

/** Replaces one file, atomically; keeps the old one until the commit is done. */
export function createSingleFileInstaller(destRoot: string): Installer {
  return {
    ...QUIET_STATES,
    unpack: async (files, { tree }, signal) => {
      await storeFiles(files, tree, signal);
      await readPayload(tree);
    },
    supportsRollback: () => Promise.resolve(true),
    install: async ({ tree }) => {
      const { source, filename, mode } = await readPayload(tree);
      const folder = await targetFolder(destRoot, await readSetting(tree, "dest_dir"));
      await makeTargetFolder(folder);
      const target = join(folder, filename);
      const hadPrevious = await isFile(target);
      if (hadPrevious) await copyDurably(target, backupFile(tree));
      const plan: Plan = { target, hadPrevious };
      await writeFileDurably(planFile(tree), JSON.stringify(plan));
      await copyDurably(source, target, mode);
    },
    rollBack: async ({ tree }) => {
      const plan = await readPlan(tree);
      if (plan === undefined) return;
      if (plan.hadPrevious) await copyDurably(backupFile(tree), plan.target);
      else await rm(plan.target, { force: true });
      await syncFolder(dirname(plan.target));
    },
    cleanUp: async ({ tree }) => {
      const plan = await readPlan(tree);
      if (plan !== undefined) await rm(temporaryOf(plan.target), { force: true });
    },
  };
}

interface PayloadParts {
  readonly source: string;
  readonly filename: string;
  readonly mode: number | undefined;
}

async function readPayload(tree: string): Promise<PayloadParts> {
  const filename = await readSetting(tree, "filename");
  if (filename === undefined || filename.includes("/") || filename === "." || filename === "..")
    throw new InstallError("payload-refused", "the payload's filename is not the name of a file");
  const source = join(tree, "files", filename);
  if (!(await isFile(source)))
    throw new InstallError("payload-refused", `the payload does not hold its file ${filename}`);

  const permissions = await readSetting(tree, "permissions");
  if (permissions !== undefined && !/^[0-7]{3,4}$/.test(permissions))
    throw new InstallError("payload-refused", "the payload's permissions are not an octal mode");
  const mode = permissions === undefined ? undefined : Number.parseInt(permissions, 8);
  return { source, filename, mode };
}

async function makeTargetFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await syncFolder(dirname(folder));
  } catch (cause) {
    const code = systemCode(cause);
    if (code !== "EEXIST" && code !== "ENOTDIR") throw cause;
    throw new InstallError("install-failed", `${folder} is not a folder`, { cause });
  }
}

/** A folder or a device in the way is an error; a link is replaced, not followed. */
async function isFile(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    if (stats.isFile()) return true;
    if (stats.isSymbolicLink()) return (await stat(path)).isFile();
    throw new InstallError("install-failed", `${path} exists and is not a file`);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return false;
    throw cause;
  }
}

const temporaryOf = (target: string): string => `${target}.moult-new`;

/** Puts a copy in the place of `target`; after a power cut there is the old file or the new one, whole. */
async function copyDurably(source: string, target: string, mode?: number): Promise<void> {
  const { size, mode: ownMode, uid, gid } = await stat(source);
  await checkRoom(dirname(target), size);
  const temporary = temporaryOf(target);
  try {
    await rm(temporary, { force: true });
    await copyFile(source, temporary);
    if (process.getuid?.() === 0) await chown(temporary, uid, gid);
    await chmod(temporary, mode ?? ownMode & 0o7777);
    const file = await open(temporary, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (cause) {
    await rm(temporary, { force: true });
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
