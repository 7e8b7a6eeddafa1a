import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "@moult/updater";
import * as z from "zod";
import { InstallError } from "../installers/install-error.ts";
import {
  QUIET_STATES,
  type IncomingFile,
  type Installation,
  type Installer,
} from "../installers/installer.ts";
import { storeFile } from "../installers/store-file.ts";
import { unpackTar } from "../installers/unpack-tar.ts";
import { syncFolder, systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { openAppFolder, type AppFolder, type SwitchRecord } from "./app-folder.ts";
import { AppMetaData } from "./app-meta-data.ts";
import type { AppRuntime } from "./app-runtime.ts";

// Payload type `app`: each release is a folder of its own, and `current` points to the one that runs. The old release is not
// touched until clean-up, so the way back is to point to it again and to start it.

/** What later calls have to know of this update. */
const Plan = z.object({
  name: z.string(),
  /** Null until the payload is unpacked. */
  release: z.string().nullable(),
});
type Plan = z.infer<typeof Plan>;

const planFile = (tree: string): string => join(tree, "tmp", "app.json");

/** As long as a file name may be, with room for a suffix. */
const RELEASE_NAME_CHARACTERS_MAX = 200;

export interface AppInstallerDeps {
  readonly appsDir: string;
  readonly runtime: AppRuntime;
  readonly payloadBytesMax: number;
}

export function createAppInstaller(deps: AppInstallerDeps): Installer {
  const { runtime } = deps;
  return {
    ...QUIET_STATES,
    unpack: (files, at, signal) => unpack(deps, files, at, signal),
    supportsRollback: () => Promise.resolve(true),
    install: async ({ tree }) => {
      const { folder, release } = await unpackedPlan(deps, tree);
      const previous = (await folder.current()) ?? null;
      await folder.writeSwitch({ previous, next: release, isCommitted: false });
    },
    activate: async ({ tree }, signal) => {
      const { folder, record } = await openSwitch(deps, tree);
      if (record.previous !== null) await runtime.stop(folder, record.previous, signal);
      await folder.switchTo(record.next);
      await runtime.start(folder, record.next, "trial", signal);
    },
    verify: async ({ tree }, signal) => {
      const { folder, record } = await openSwitch(deps, tree);
      const current = await folder.current();
      if (current !== record.next)
        throw new InstallError("verification-failed", `${folder.name} is at ${current ?? "none"}`);
      if (!(await runtime.isRunning(folder, record.next, signal)))
        throw new InstallError(
          "activation-failed",
          `${folder.name} ended as soon as it was started`,
        );
    },
    checkHealth: async ({ tree }, signal) => {
      const { folder, record } = await openSwitch(deps, tree);
      await runtime.checkHealth(folder, record.next, signal);
    },
    commit: async ({ tree }) => {
      const { folder, record } = await openSwitch(deps, tree);
      await folder.writeSwitch({ ...record, isCommitted: true });
      runtime.keep(folder);
    },
    rollBack: ({ tree }, signal) => rollBack(deps, tree, signal),
    verifyRollback: async ({ tree }, signal) => {
      const plan = await readPlan(tree);
      if (plan === undefined) return;
      const folder = openAppFolder(deps.appsDir, plan.name);
      const previous = (await folder.readSwitch())?.previous ?? null;
      if (previous !== null) await runtime.checkHealth(folder, previous, signal);
    },
    cleanUp: async ({ tree, isCommitted }) => {
      const plan = await readPlan(tree);
      if (plan !== undefined) await cleanUp(deps, plan, isCommitted);
    },
  };
}

async function unpack(
  deps: AppInstallerDeps,
  files: AsyncIterable<IncomingFile>,
  { tree, job }: Installation,
  signal: AbortSignal,
): Promise<void> {
  const app = await readMetaData(tree);
  const folder = openAppFolder(deps.appsDir, app.name);
  // Known before the first byte, so that clean-up finds what an interrupted unpacking left.
  await writePlan(tree, { name: app.name, release: null });
  const incoming = await folder.makeIncoming();
  const digest = createHash("sha256");
  for await (const { name, sizeBytes, content } of files) {
    const hashed = throughDigest(name, content, digest);
    if (name === "app.tar") {
      const rules = { bytesMax: deps.payloadBytesMax, keepsOwners: false };
      await unpackTar(hashed, incoming, rules, signal);
    } else await storeSingle(join(incoming, name), hashed, sizeBytes, signal);
  }
  await syncFolder(incoming);

  const release = await folder.freeReleaseName(releaseName(job, digest.digest("hex")));
  await writePlan(tree, { name: app.name, release });
  await folder.keepIncoming(release, { artifactName: job.artifact.name, app });
}

/** A payload file beside the archive may be a program: artifacts do not say which of their files are. */
async function storeSingle(
  path: string,
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await storeFile(path, content, { sizeBytes, mode: 0o755 }, signal);
  } catch (cause) {
    if (systemCode(cause) !== "EEXIST") throw cause;
    throw new InstallError("payload-refused", `the payload holds ${path} twice`, { cause });
  }
}

/** Readable for people, and different for different content. */
function releaseName(job: Job, digest: string): string {
  const safe = job.artifact.name.replaceAll(/[^A-Za-z0-9._+-]/g, "_").replace(/^\.+/, "_");
  return `${safe.slice(0, RELEASE_NAME_CHARACTERS_MAX)}-${digest.slice(0, 12)}`;
}

async function* throughDigest(
  name: string,
  content: AsyncIterable<Uint8Array>,
  digest: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  digest.update(`${name}\0`);
  for await (const chunk of content) {
    digest.update(chunk);
    yield chunk;
  }
}

async function readMetaData(tree: string): Promise<AppMetaData> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(tree, "header", "meta-data"), "utf8"));
  } catch (cause) {
    const detail = "the artifact has no meta-data, which says how to run the application";
    throw new InstallError("payload-refused", detail, { cause });
  }
  const parsed = AppMetaData.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map(({ path, message }) => `${path.map(String).join(".")}: ${message}`)
    .join("; ");
  throw new InstallError("payload-refused", `the application's meta-data is wrong: ${problems}`);
}

async function rollBack(deps: AppInstallerDeps, tree: string, signal: AbortSignal): Promise<void> {
  const plan = await readPlan(tree);
  if (plan === undefined) return;
  const folder = openAppFolder(deps.appsDir, plan.name);
  const record = await folder.readSwitch();
  if (record === undefined) return;

  const { previous, next } = record;
  await folder.writeSwitch({ previous, next, isCommitted: false });
  const isUntouched =
    ((await folder.current()) ?? null) === previous &&
    (previous === null || (await deps.runtime.isRunning(folder, previous, signal)));
  if (isUntouched) return;
  await deps.runtime.stop(folder, next, signal);
  await folder.switchTo(previous);
  if (previous !== null) await deps.runtime.start(folder, previous, "kept", signal);
}

async function cleanUp(deps: AppInstallerDeps, plan: Plan, isCommitted: boolean): Promise<void> {
  const folder = openAppFolder(deps.appsDir, plan.name);
  await folder.removeIncoming();
  const current = await folder.current();
  if (!isCommitted && plan.release !== null && plan.release !== current)
    await folder.removeRelease(plan.release);
  if (isCommitted && current !== undefined) await removeOldReleases(folder, current);
  await folder.removeSwitch();
}

async function removeOldReleases(folder: AppFolder, current: string): Promise<void> {
  const { app } = await folder.readRecord(current);
  const previous = (await folder.readSwitch())?.previous;
  const others = (await folder.releases()).filter((release) => release !== current);
  // The one that ran until now counts as the newest: it is the one somebody may want back.
  const old = [
    ...others.filter((release) => release !== previous),
    ...others.filter((release) => release === previous),
  ];
  for (const release of old.slice(0, Math.max(0, old.length - app.keepReleases)))
    await folder.removeRelease(release);
}

async function unpackedPlan(
  deps: AppInstallerDeps,
  tree: string,
): Promise<{ readonly folder: AppFolder; readonly release: string }> {
  const plan = await readPlan(tree);
  if (plan === undefined || plan.release === null)
    throw new InstallError("install-failed", "the application was not unpacked");
  return { folder: openAppFolder(deps.appsDir, plan.name), release: plan.release };
}

async function openSwitch(
  deps: AppInstallerDeps,
  tree: string,
): Promise<{ readonly folder: AppFolder; readonly record: SwitchRecord }> {
  const { folder } = await unpackedPlan(deps, tree);
  const record = await folder.readSwitch();
  if (record === undefined)
    throw new InstallError("activation-failed", `${folder.name} has no record of its switch`);
  return { folder, record };
}

async function readPlan(tree: string): Promise<Plan | undefined> {
  try {
    return Plan.parse(JSON.parse(await readFile(planFile(tree), "utf8")));
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw new InstallError("rollback-failed", `${planFile(tree)} cannot be read`, { cause });
  }
}

async function writePlan(tree: string, plan: Plan): Promise<void> {
  await writeFileDurably(planFile(tree), JSON.stringify(plan));
}
