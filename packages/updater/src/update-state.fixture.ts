import { unreachable } from "@moult/base";
import { AssignmentId, DeploymentId, Sha256 } from "@moult/model";
import type { UpdateFacts } from "./update-event.ts";
import type {
  AssignmentUpdate,
  Job,
  OpenedArtifact,
  StateOf,
  Update,
  UpdateState,
} from "./update-state.ts";

export const OLD = { artifactName: "old-1", provides: { artifact_name: "old-1", kept: "yes" } };
export const NEW = { artifactName: "new-2", provides: { artifact_name: "new-2", fresh: "yes" } };

export const anUpdate = (attempt = 1): AssignmentUpdate => ({
  kind: "assignment",
  assignmentId: AssignmentId.parse("3f2b0c8e-7a51-4a53-9d0e-0c6f1c7f5a11"),
  deploymentId: DeploymentId.parse("a3f0a9be-1a7c-4e0b-8b40-0d8a0f3f0b22"),
  attempt,
  artifactName: "new-2",
  path: "gw2/prod/new-2/x.mender",
  sizeBytes: 1_000,
  sha256: Sha256.parse("ab".repeat(32)),
  instruction: {
    generation: 7,
    sha256: Sha256.parse("cd".repeat(32)),
    keySha256: Sha256.parse("ef".repeat(32)),
  },
});

export const standalone: Update = {
  kind: "standalone",
  id: "usb-1",
  file: "/mnt/new-2.mender",
  isUnsignedAllowed: false,
  metadataDir: null,
};

export const anArtifact: OpenedArtifact = {
  name: "new-2",
  payloadTypes: ["app"],
  runningAfter: NEW,
  vouched: {
    rootVersion: 1,
    role: "gw2.prod",
    roleVersion: 4,
    securityCounter: 2,
    expiredRole: null,
  },
};

export const aJob = (parts: Partial<Job> = {}): Job => ({
  update: anUpdate(),
  artifact: anArtifact,
  supportsRollback: true,
  reboots: ["none"],
  sequence: 3,
  steps: 2,
  rollbacks: 0,
  verdict: { failure: null, rollback: "none" },
  ...parts,
});

export const someFacts = (parts: Partial<UpdateFacts> = {}): UpdateFacts => ({
  monotonicMs: 5_000,
  bootId: "boot-1",
  confirmTimeoutMs: 60_000,
  holdMsMax: 86_400_000,
  ...parts,
});

/** A state of each kind, on the way it is usually met. */
export function stateOf<Kind extends UpdateState["kind"]>(
  kind: Kind,
  job: Partial<Job> = {},
): StateOf<Kind> {
  return anyState(kind, aJob(job)) as StateOf<Kind>;
}

const FAILED = {
  failure: { code: "health-check-failed", detail: "503" },
  rollback: "running",
} as const;

const SILENT = {
  failure: { code: "server-unreachable", detail: "no check-in got through" },
  rollback: "succeeded",
} as const;

const WAITING = { holds: [], hasConsent: false, leftMs: 86_400_000, deadlineMs: 86_405_000 };

function anyState(kind: UpdateState["kind"], job: Job): UpdateState {
  const always = { running: OLD, lastAssignment: null };
  const { update, artifact, sequence, steps, verdict } = job;
  const isBack = verdict.failure === null ? { ...job, verdict: FAILED, rollbacks: 1 } : job;
  switch (kind) {
    case "idle":
      return { ...always, kind };
    case "waiting-to-download":
      return { ...always, kind, update, sequence, ...WAITING };
    case "waiting-to-install":
      return { ...always, kind, job, ...WAITING };
    case "waiting-to-reboot":
      return { ...always, kind, job, ...WAITING, bootId: "boot-1" };
    case "asking-server":
      return {
        ...always,
        kind,
        job: { ...job, verdict: SILENT, rollbacks: 1 },
        deadlineMs: 65_000,
      };
    case "downloading":
      return { ...always, kind, update, sequence, percent: 20 };
    case "rebooting":
      return { ...always, kind, job, bootId: "boot-1" };
    case "proving":
      return { ...always, kind, job, stage: "health", deadlineMs: 65_000 };
    case "leaving-commit":
      return { ...always, kind, job, running: NEW };
    case "rollback-rebooting":
      return { ...always, kind, job: isBack, bootId: "boot-1" };
    case "rolling-back":
    case "verifying-rollback":
    case "failing":
      return { ...always, kind, job: isBack };
    case "cleaning-up":
      return { ...always, kind, update, artifact, sequence, steps, verdict };
    case "reporting":
      return { ...always, kind, update, artifact, sequence, verdict };
    case "unpacking":
    case "installing":
    case "activating":
    case "verifying":
    case "awaiting-decision":
    case "committing":
      return { ...always, kind, job };
    default:
      return unreachable(kind);
  }
}
