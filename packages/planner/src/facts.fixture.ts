import { instant } from "@moult/base";
import {
  ArtifactId,
  AssignmentId,
  DeploymentId,
  HardwareType,
  Plan,
  ReleaseVersion,
  SafeguardId,
  Sha256,
  type Tally,
} from "@moult/model";
import type * as z from "zod";
import { NO_FLOW } from "./limits.ts";
import { NO_ENDS } from "./stage-gate.ts";
import { NO_RULES } from "./version-rules.ts";
import type {
  ArtifactFacts,
  AssignmentFacts,
  DecideFacts,
  DeploymentFacts,
  DeviceFacts,
  DeviceHoldFacts,
  OpenAssignmentFacts,
  ReachedFacts,
  SafeguardFacts,
} from "./facts.ts";

export const HARDWARE = HardwareType.parse("gw2");
export const NOW = instant(1_800_000_000_000);

const uuid = (kind: number, number: number): string =>
  `0198c0de-000${kind}-7000-8000-${String(number).padStart(12, "0")}`;
export const deploymentId = (number: number) => DeploymentId.parse(uuid(1, number));
export const assignmentId = (number: number) => AssignmentId.parse(uuid(2, number));
export const artifactId = (number: number) => ArtifactId.parse(uuid(3, number));
export const version = (text: string) => ReleaseVersion.parse(text);

export const SAFEGUARD: SafeguardFacts = {
  id: SafeguardId.parse(uuid(4, 1)),
  note: "The modem is lost.",
};

export const planOf = (plan: Partial<z.input<typeof Plan>> = {}): Plan =>
  Plan.parse({ stages: [{ size: { remaining: true } }], ...plan });

export const NO_ONE: Omit<Tally, "eligible"> = {
  admitted: 0,
  open: 0,
  succeeded: 0,
  alreadyRunning: 0,
  failed: 0,
  rolledBack: 0,
  rejected: 0,
  timedOut: 0,
  silent: 0,
  aborted: 0,
};

export function artifact(changes: Partial<ArtifactFacts> = {}): ArtifactFacts {
  return {
    id: artifactId(1),
    path: "gw2/prod/2.0/a.mender",
    sha256: Sha256.parse("ab".repeat(32)),
    sizeBytes: 1_000,
    hardwareTypes: [HARDWARE],
    depends: { device_type: ["gw2"] },
    provides: {},
    clearsProvides: [],
    payloads: [{ type: "rootfs-image", files: [] }],
    trust: { state: "published" },
    terms: null,
    ...changes,
  };
}

export const HOLD: DeviceHoldFacts = { note: "on the bench", by: "Ada", since: NOW, until: null };

export function device(changes: Partial<DeviceFacts> = {}): DeviceFacts {
  return {
    state: "accepted",
    hasIdentityConflict: false,
    hold: null,
    undecided: null,
    context: null,
    hardwareType: HARDWARE,
    draw: 1_000,
    traits: {
      client: "moult-agent/0.1.0",
      payloadTypes: ["rootfs-image"],
      pathPrefix: "gw2/prod/",
      canAbort: true,
      trust: "end-to-end",
    },
    running: { artifactName: "1.0", provides: { "rootfs-image.version": "1.0" } },
    isIdle: true,
    ...changes,
  };
}

export function deployment(changes: Partial<DeploymentFacts> = {}): DeploymentFacts {
  const number = changes.number ?? 1;
  return {
    id: deploymentId(number),
    number,
    state: "running",
    version: version("2.0"),
    plan: planOf(),
    stage: 0,
    stageOpenedAt: NOW,
    salt: 7,
    tally: NO_ONE,
    flow: NO_FLOW,
    waived: NO_ENDS,
    approvals: [],
    isTarget: true,
    isForced: false,
    window: { kind: "always" },
    artifacts: [artifact()],
    rules: NO_RULES,
    safeguard: null,
    past: [],
    assignment: null,
    standing: null,
    ...changes,
  };
}

export function assignment(changes: Partial<AssignmentFacts> = {}): AssignmentFacts {
  return {
    id: assignmentId(1),
    state: "retry-pending",
    attempt: 1,
    outcome: null,
    isCancelled: false,
    attempts: [],
    ...changes,
  };
}

export function openAssignment(changes: Partial<OpenAssignmentFacts> = {}): OpenAssignmentFacts {
  return {
    id: assignmentId(1),
    deploymentId: deploymentId(1),
    deploymentState: "running",
    onTrip: "cancel-queued",
    version: version("2.0"),
    state: "offered",
    attempt: 1,
    artifact: artifact(),
    rules: NO_RULES,
    safeguard: null,
    updatedAt: NOW,
    lastSeenAt: null,
    patience: { kind: "by-plan", silenceMs: 3_600_000 },
    phaseEndsAt: null,
    deferral: null,
    window: { kind: "always" },
    isUntold: false,
    ...changes,
  };
}

/** That a deployment brought the device to its release. */
export const reachedBy = (
  { id, number, version: of, plan: { priority } }: DeploymentFacts,
  isOver = false,
): ReachedFacts => ({ deploymentId: id, number, version: of, priority, isOver });

export function facts(changes: Partial<DecideFacts> = {}): DecideFacts {
  return {
    now: NOW,
    device: device(),
    openAssignment: null,
    candidates: [deployment()],
    reached: [],
    ...changes,
  };
}
