import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert, present } from "@moult/base";
import {
  updateId,
  type Job,
  type OpenedArtifact,
  type Update,
  type UpdateEvent,
} from "@moult/updater";
import { InstallError, isDiskFull } from "../installers/install-error.ts";
import { isAgentError } from "../agent-error.ts";
import type { AdmittedTarget } from "../trust/admission.ts";
import { storeArtifactScripts } from "../state-scripts/artifact-scripts.ts";
import type { ExecutorDeps } from "./executor-deps.ts";
import { makeFileTree, removeFileTrees } from "./file-tree.ts";
import {
  judgeArtifact,
  typedPayloads,
  unpackArtifact,
  type ArtifactPolicy,
} from "./open-artifact.ts";
import { openPayloads } from "./open-payloads.ts";

/** Where the artifact of an update is: its own file, or the one a person named. */
function artifactFile(dataDir: string, update: Update): string {
  if (update.kind === "standalone") return update.file;
  return join(downloadsDir(dataDir), `${update.sha256}.mender`);
}

function downloadsDir(dataDir: string): string {
  return join(dataDir, "downloads");
}

/** The effects that bring an artifact to the device and its payload to its installer. Nothing that runs is touched. */
export interface Preparation {
  download(update: Update, signal: AbortSignal): Promise<UpdateEvent>;
  unpack(job: Job, signal: AbortSignal): Promise<UpdateEvent>;
}

export function createPreparation(deps: ExecutorDeps): Preparation {
  const policy: ArtifactPolicy = {
    hardwareType: deps.hardwareType,
    artifactKeys: deps.artifactKeys,
    payloadBytesMax: deps.limits.payloadBytesMax,
    isInstallable: async (payloadType) => (await deps.installers.find(payloadType)) !== undefined,
    whyNot: (payloadType) => deps.installers.whyNot(payloadType),
  };
  /** What the newest download was admitted by. A start finds no update unpacking, so it need not outlive the agent. */
  let newest: { readonly id: string; readonly admitted: AdmittedTarget | null } | undefined;
  return {
    download: async (update, signal) => {
      // Before the first script and the first byte: what is refused here has never been on the device.
      const admitted = await deps.admission.admit(update, deps.running(), signal);
      newest = { id: updateId(update), admitted };
      return orDownloadErrorScripts(deps, update, async () => {
        const artifact = await download(deps, policy, update, admitted, signal);
        return { kind: "downloaded", artifact };
      });
    },
    unpack: (job, signal) =>
      orDownloadErrorScripts(deps, job.update, async () => {
        assert(newest?.id === updateId(job.update), "what is unpacked was just downloaded");
        const supportsRollback = await unpack(deps, policy, job, newest.admitted, signal);
        return { kind: "unpacked", supportsRollback };
      }),
  };
}

/** Both effects are Mender's Download state, and both may be left by a withdrawn offer. */
async function orDownloadErrorScripts(
  deps: ExecutorDeps,
  update: Update,
  run: () => Promise<UpdateEvent>,
): Promise<UpdateEvent> {
  try {
    return await run();
  } catch (cause) {
    if (!deps.stopping.aborted)
      await deps.scripts.run("Download", "Error", deps.logOf(update), deps.stopping);
    throw cause;
  }
}

async function download(
  deps: ExecutorDeps,
  policy: ArtifactPolicy,
  update: Update,
  admitted: AdmittedTarget | null,
  signal: AbortSignal,
): Promise<OpenedArtifact> {
  const log = deps.logOf(update);
  await deps.scripts.run("Download", "Enter", log, signal);
  const file = artifactFile(deps.paths.dataDir, update);
  if (update.kind === "assignment") {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    try {
      await deps.server.download(update, file, signal, (percent) =>
        deps.deliver({ kind: "download-progressed", percent }),
      );
    } catch (cause) {
      signal.throwIfAborted();
      // On a full disk a part to go on with later is worth less than the space it takes.
      if (isDiskFull(cause)) await removeDownloads(deps.paths.dataDir);
      if (isAgentError(cause, "download-digest-mismatch"))
        throw new InstallError("digest-mismatch", "the file that came is not the one instructed", {
          cause,
        });
      throw cause;
    }
  }
  const artifact = await judgeArtifact(file, update, deps.running(), policy, admitted);
  log.info("artifact-accepted", { name: artifact.name, payloadTypes: artifact.payloadTypes });
  return artifact;
}

async function unpack(
  deps: ExecutorDeps,
  policy: ArtifactPolicy,
  job: Job,
  admitted: AdmittedTarget | null,
  signal: AbortSignal,
): Promise<boolean> {
  const log = deps.logOf(job.update);
  const device = { hardwareType: deps.hardwareType, running: deps.running() };
  const opened = await openPayloads(deps, job);
  const file = artifactFile(deps.paths.dataDir, job.update);
  await unpackArtifact(file, job.update, policy, admitted, async (head, filesOf) => {
    const payloads = typedPayloads(head);
    if (payloads.map(({ type }) => type).join("\n") !== job.artifact.payloadTypes.join("\n"))
      throw new InstallError("digest-mismatch", "the file changed after it was looked at");
    await removeFileTrees(deps.paths.dataDir);
    await storeArtifactScripts(deps.paths.scriptsDir, head.scripts);
    for (const [position, { installer, at }] of opened.entries()) {
      const payload = present(payloads[position], "there are as many payloads as types");
      await makeFileTree(at.tree, head, payload, device);
      await installer.unpack(filesOf(payload.index), at, signal);
    }
  });
  let supportsRollback = true;
  for (const { installer, at } of opened)
    supportsRollback = (await installer.supportsRollback(at, signal)) && supportsRollback;
  await deps.scripts.run("Download", "Leave", log, signal);
  // Everything that is needed of it is unpacked; the space may be needed for the installation.
  await removeDownloads(deps.paths.dataDir);
  return supportsRollback;
}

async function removeDownloads(dataDir: string): Promise<void> {
  await rm(downloadsDir(dataDir), { recursive: true, force: true });
}

/** Removes what an update keeps in the agent's own folders. */
export async function removeWorkFiles(dataDir: string): Promise<void> {
  await removeDownloads(dataDir);
  await removeFileTrees(dataDir);
}
