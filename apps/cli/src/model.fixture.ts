// Replies of the API as the tests need them; each test changes the fields that it is about.

export const DEVICE_ID = "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11";
export const OTHER_DEVICE_ID = "4b3c77aa-1111-4c9e-8f4e-0d6a3f0c8a22";
export const GROUP_ID = "9c0f6a52-7d6c-4d0e-9e0a-1f2e3d4c5b6a";
export const RELEASE_ID = "1f0e2d3c-4b5a-4697-8879-6a5b4c3d2e1f";
export const ARTIFACT_ID = "2a3b4c5d-6e7f-4081-9203-a4b5c6d7e8f9";
export const DEPLOYMENT_ID = "7e1d2c3b-4a59-4687-b765-c4d3e2f10a9b";
const ASSIGNMENT_ID = "8f2e3d4c-5b6a-4798-8765-d5e4f3021bac";
export const AT = "2026-11-20T10:00:00.000Z";

type Fields = Readonly<Record<string, unknown>>;

export const device = (fields: Fields = {}) => ({
  id: DEVICE_ID,
  name: "gw-17",
  product: "gw2",
  hardwareType: "board",
  identity: { serial: "1017" },
  keyFingerprint: "ab".repeat(32),
  pendingKeyFingerprint: null,
  state: "accepted",
  identityConflictAt: null,
  hold: null,
  running: { artifactName: "1.3.0", provides: { artifact_name: "1.3.0" } },
  traits: null,
  trustLevel: {
    level: "unknown",
    why: "Its client has not said yet what it verifies.",
    rootVersion: null,
  },
  groupIds: [],
  openAssignmentId: null,
  update: null,
  enrolledAt: AT,
  lastSeenAt: AT,
  contact: "on-time",
  attributes: {},
  ...fields,
});

export const product = (fields: Fields = {}) => ({
  name: "gw2",
  title: "Gateway",
  requireSignature: false,
  artifactKeys: [],
  createdAt: AT,
  ...fields,
});

export const artifact = (fields: Fields = {}) => ({
  id: ARTIFACT_ID,
  path: `gw2/prod/1.4.0/${"cd".repeat(32)}.mender`,
  sha256: "cd".repeat(32),
  sizeBytes: 1000,
  headSha256: "ef".repeat(32),
  hardwareTypes: ["board"],
  depends: { device_type: ["board"] },
  provides: { artifact_name: "1.4.0" },
  clearsProvides: [],
  payloads: [{ type: "app", files: [] }],
  scripts: [],
  signature: "unsigned",
  trust: { state: "unsigned", role: "gw2.prod", roleVersion: null },
  createdAt: AT,
  ...fields,
});

export const release = (fields: Fields = {}) => ({
  id: RELEASE_ID,
  product: "gw2",
  channel: "prod",
  version: "1.4.0",
  notes: "",
  minimumFrom: null,
  mustPassThrough: false,
  artifacts: [artifact()],
  createdAt: AT,
  ...fields,
});

export const group = (fields: Fields = {}) => ({
  id: GROUP_ID,
  name: "canaries",
  product: "gw2",
  query: null,
  deviceCount: 3,
  isCountExact: true,
  createdAt: AT,
  ...fields,
});

export const tally = (fields: Fields = {}) => ({
  eligible: 20,
  admitted: 5,
  open: 2,
  succeeded: 3,
  alreadyRunning: 0,
  failed: 0,
  rolledBack: 0,
  rejected: 0,
  timedOut: 0,
  silent: 0,
  aborted: 0,
  ...fields,
});

export const deployment = (fields: Fields = {}) => ({
  id: DEPLOYMENT_ID,
  name: "november",
  product: "gw2",
  releaseId: RELEASE_ID,
  version: "1.4.0",
  target: { kind: "all" },
  plan: {
    version: 2,
    priority: 5,
    stages: [
      {
        size: { percent: 10 },
        advance: { successPercent: 100 },
        errorStop: { count: 1 },
      },
      { size: { remaining: true }, advance: { successPercent: 100 }, errorStop: { count: 1 } },
    ],
    limits: { concurrentMax: 50 },
    retry: { attemptsMax: 1, backoffSeconds: 0 },
    timeouts: { silenceSeconds: 86_400 },
    onTrip: "cancel-queued",
  },
  state: "running",
  stage: 0,
  stageOpenedAt: AT,
  nextStage: "Stage 2 opens when 2 devices have succeeded (1 so far).",
  approvals: [],
  pendingApproval: null,
  installationOpenedAt: null,
  trip: null,
  tally: tally(),
  rollback: { order: null, of: null, by: [], problems: [] },
  heldBack: 0,
  stageDevices: [2, 18],
  headline: "Stage 1 of 2: 3 of 20 devices are done, 2 in the update.",
  createdAt: AT,
  createdBy: "Ada",
  finishedAt: null,
  ...fields,
});

export const assignment = (fields: Fields = {}) => ({
  id: ASSIGNMENT_ID,
  number: 1,
  deploymentId: DEPLOYMENT_ID,
  deploymentName: "november",
  deviceId: DEVICE_ID,
  deviceName: "gw-17",
  hardwareType: "board",
  artifactId: ARTIFACT_ID,
  ranBefore: "1.3.0",
  stage: 0,
  state: "closed",
  progressPercent: null,
  deferral: null,
  outcome: "rolled-back",
  code: "health-check-failed",
  detail: "no answer",
  attempts: [
    {
      attempt: 1,
      startedAt: AT,
      finishedAt: AT,
      outcome: "rolled-back",
      code: "health-check-failed",
      detail: "no answer",
      hasLog: true,
    },
  ],
  offeredAt: AT,
  updatedAt: AT,
  closedAt: AT,
  ...fields,
});

export const event = (sequence: number, body: unknown, fields: Fields = {}) => ({
  sequence,
  at: AT,
  deviceId: null,
  deviceName: "gw-18",
  deploymentId: DEPLOYMENT_ID,
  deploymentName: "november",
  assignmentId: null,
  sentence: "Something happened.",
  body,
  ...fields,
});

export const page = (items: readonly unknown[], nextCursor: string | null = null) => ({
  items,
  nextCursor,
});
