import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@moult/base";
import { AssignmentId, DeploymentId, Sha256 } from "@moult/model";
import type { HoldPolicy, Job } from "@moult/updater";
import type { UpdateLimits } from "../update-runner/update-runner.ts";
import type { IncomingFile, Installation } from "./installer.ts";

interface Entry {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that tests can read and wait for. */
export interface RecordedLog extends Log {
  readonly entries: Entry[];
  /** Resolves when an entry of this name is there. */
  until(event: string): Promise<Entry>;
}

export function recordedLog(): RecordedLog {
  const entries: Entry[] = [];
  const waiting: { readonly event: string; readonly resolve: (entry: Entry) => void }[] = [];
  const write =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const entry = { level, event, fields };
      entries.push(entry);
      for (const one of waiting) if (one.event === event) one.resolve(entry);
    };
  return {
    entries,
    until: (event) => {
      const found = entries.find((entry) => entry.event === event);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => waiting.push({ event, resolve }));
    },
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

export function someLimits(limits: Partial<UpdateLimits> = {}): UpdateLimits {
  return {
    confirmTimeoutMs: 120_000,
    moduleTimeoutMs: 60_000,
    killAfterMs: 1_000,
    scriptTimeoutMs: 60_000,
    scriptRetryIntervalMs: 20,
    scriptRetryTimeoutMs: 200,
    rebootTimeoutMs: 1_000,
    holdMsMax: 60_000,
    contextIntervalMs: 30,
    contextTimeoutMs: 5_000,
    payloadBytesMax: 100 * 1024 * 1024,
    ...limits,
  };
}

/** As a device has it that was told nothing. */
export const someHoldPolicy: HoldPolicy = {
  busy: ["install", "reboot"],
  driving: ["install", "reboot"],
  metered: ["download"],
  battery: ["install", "reboot"],
  batteryPercentMin: 30,
  other: ["download", "install", "reboot"],
  unknown: ["install", "reboot"],
  consent: null,
};

function someJob(job: Partial<Job> = {}): Job {
  return {
    update: {
      kind: "assignment",
      assignmentId: AssignmentId.parse("3f2b0c8e-7a51-4a53-9d0e-0c6f1c7f5a11"),
      deploymentId: DeploymentId.parse("a3f0a9be-1a7c-4e0b-8b40-0d8a0f3f0b22"),
      attempt: 1,
      artifactName: "new-2",
      path: "gw2/prod/new-2/x.mender",
      sizeBytes: 1_000,
      sha256: Sha256.parse("ab".repeat(32)),
      instruction: {
        generation: 1,
        sha256: Sha256.parse("cd".repeat(32)),
        keySha256: Sha256.parse("ef".repeat(32)),
      },
    },
    artifact: {
      name: "new-2",
      payloadTypes: ["test"],
      runningAfter: { artifactName: "new-2", provides: { artifact_name: "new-2" } },
      vouched: null,
    },
    supportsRollback: true,
    reboots: ["none"],
    sequence: 1,
    steps: 1,
    rollbacks: 0,
    verdict: { failure: null, rollback: "none" },
    ...job,
  };
}

/** A file tree as the runner prepares it, and a log. */
export async function anInstallation(
  tree: string,
  job: Partial<Job> = {},
): Promise<Installation & { readonly log: RecordedLog }> {
  await mkdir(join(tree, "tmp"), { recursive: true });
  await mkdir(join(tree, "header"), { recursive: true });
  return { tree, job: someJob(job), reboot: "none", log: recordedLog() };
}

/** Payload files as a reader hands them out. */
export async function* incoming(
  files: Readonly<Record<string, string | Uint8Array>>,
): AsyncGenerator<IncomingFile> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    yield { name, sizeBytes: bytes.length, sha256, content: chunks(bytes) };
  }
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 64 * 1024) {
    await Promise.resolve();
    yield bytes.subarray(offset, offset + 64 * 1024);
  }
}
