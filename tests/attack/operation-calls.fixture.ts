import { randomBytes } from "node:crypto";
import { operations, type Operation, type OperationId } from "@moult/api";
import type { TenantFleet } from "./tenant-fleet.fixture.ts";

/** What a request names: things of `target`, and where a second thing is needed, of `own`. */
export interface OperationCall {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
}

type Calls = (target: TenantFleet, own: TenantFleet) => readonly OperationCall[];

const plain: Calls = () => [{}];
const device: Calls = ({ deviceId }) => [{ params: { deviceId } }];
const pendingDevice: Calls = ({ pendingDeviceId }) => [{ params: { deviceId: pendingDeviceId } }];
const group: Calls = ({ groupId }) => [{ params: { groupId } }];
const release: Calls = ({ releaseId }) => [{ params: { releaseId } }];
const artifact: Calls = ({ artifactId }) => [{ params: { artifactId } }];
const deployment: Calls = ({ deploymentId }) => [{ params: { deploymentId } }];
const trustProposal: Calls = ({ trustProposalId }) => [{ params: { trustProposalId } }];
const proposedFile = {
  role: "targets",
  metadata: {
    signatures: [],
    signed: { _type: "targets", version: 1, expires: "2030-01-01T00:00:00Z" },
  },
};
const plan = { stages: [{ size: { remaining: true } }] };
const unique = (): string => `x${randomBytes(6).toString("hex")}`;
const filters = ({ groupId, marker }: TenantFleet): readonly OperationCall[] => [
  { query: { groupId } },
  { query: { query: "NOT name = nobody" } },
  { query: { query: `group = "${marker}" OR inventory.mark = "${marker}"` } },
  { query: { search: marker } },
  { query: { attribute: `mark=${marker}` } },
];
const members: Calls = (target, own) => [
  { params: { groupId: target.groupId }, body: { deviceIds: [own.deviceId] } },
  { params: { groupId: own.groupId }, body: { deviceIds: [target.deviceId] } },
];
const bulkChanges: Calls = (target, own) => {
  const [theirs, ours] = [target, own].map(({ deviceId }) => ({
    kind: "ids",
    deviceIds: [deviceId],
  }));
  return [
    { body: { selection: theirs, action: { kind: "accept" } } },
    {
      body: { selection: ours, action: { kind: "add-to-group", groupId: target.groupId } },
    },
    {
      body: {
        selection: { kind: "matching", filter: { groupId: target.groupId } },
        action: { kind: "remove-from-group", groupId: own.groupId },
      },
    },
  ];
};

/**
 * Every way in which each operation can be pointed at something. A new operation does not compile until it is here, so
 * that none is left out of the tests that use this table.
 */
export const OPERATION_CALLS: Readonly<Record<OperationId, Calls>> = {
  showSetup: plain,
  completeSetup: () => [
    {
      body: {
        setupCode: "guess",
        name: "Eve",
        email: "eve@example.org",
        password: "long enough to try",
      },
    },
  ],
  signIn: () => [{ body: { email: "eve@example.org", password: "a guess" } }],
  signOut: plain,
  showMe: plain,
  createApiKey: () => [{ body: { name: unique(), role: "viewer" } }],
  listApiKeys: plain,
  deleteApiKey: ({ keyId }) => [{ params: { keyId } }],
  listPeople: plain,
  changePerson: ({ personId }) => [{ params: { personId }, body: { role: "operator" } }],
  removePerson: ({ personId }) => [{ params: { personId } }],
  listApprovers: plain,
  listInvitations: plain,
  invitePerson: () => [{ body: { email: `${unique()}@example.org`, role: "viewer" } }],
  revokeInvitation: ({ invitationId }) => [{ params: { invitationId } }],
  showInvitation: () => [{ body: { code: `mi_${"A".repeat(43)}` } }],
  acceptInvitation: () => [
    { body: { code: `mi_${"A".repeat(43)}`, name: "Eve", password: "long enough to try" } },
  ],
  showSystem: plain,
  watchEvents: ({ deviceId, deploymentId }) => [
    { query: { after: 0 } },
    { query: { after: 0, deviceId } },
    { query: { after: 0, deploymentId } },
  ],
  watchChanges: () => [{}, { query: { after: 0 } }],
  showOverview: ({ product }) => [{}, { query: { product } }],
  listEvents: ({ deviceId, deploymentId }) => [
    {},
    { query: { deviceId } },
    { query: { deploymentId, kind: "deployment-created,assignment-offered" } },
    { query: { by: "Ada" } },
  ],
  listProducts: plain,
  createProduct: () => [{ body: { name: unique() } }],
  showProduct: ({ product }) => [{ params: { product } }],
  changeProduct: ({ product }) => [{ params: { product }, body: { title: "changed" } }],
  listDevices: (target) => [{ query: { columns: "mark" } }, ...filters(target)],
  countDevices: plain,
  countMatchingDevices: (target) => [{}, ...filters(target)],
  listInventoryNames: plain,
  listInventoryValues: () => [{ query: { name: "mark" } }],
  showDevice: device,
  explainDevice: device,
  listDeviceTimeline: device,
  listDeviceAssignments: device,
  listDeviceReceipts: device,
  exportDeviceEvidence: device,
  renameDevice: ({ deviceId }) => [{ params: { deviceId }, body: { name: "renamed" } }],
  holdDevice: ({ deviceId }) => [{ params: { deviceId }, body: { note: "on the bench" } }],
  releaseDevice: device,
  showDeviceConfiguration: device,
  changeDeviceConfiguration: ({ deviceId }) => [
    { params: { deviceId }, body: { set: { mark: "changed" } } },
  ],
  acceptDevice: pendingDevice,
  rejectDevice: device,
  decommissionDevice: device,
  preauthoriseDevice: ({ product }) => [
    { body: { product, keyFingerprint: randomBytes(32).toString("hex") } },
  ],
  importPreauthorisations: ({ product, groupId }) => [
    {
      body: {
        product,
        items: [
          {
            keyFingerprint: randomBytes(32).toString("hex"),
            identity: { serial: unique() },
            groupIds: [groupId],
          },
        ],
      },
    },
  ],
  listPreauthorisations: plain,
  deletePreauthorisation: ({ preauthorisationId }) => [{ params: { preauthorisationId } }],
  createEnrolmentToken: ({ product }) => [{ body: { product } }],
  createEnrolmentCommand: ({ product }) => [{ body: { product, hardwareType: "linux" } }],
  listEnrolmentTokens: plain,
  deleteEnrolmentToken: ({ enrolmentTokenId }) => [{ params: { enrolmentTokenId } }],
  registerController: ({ product }) => [
    { body: { controllerId: unique(), product, hardwareType: "linux" } },
  ],
  importControllers: ({ product, groupId }) => [
    {
      body: {
        product,
        items: [{ controllerId: unique(), hardwareType: "linux", groupIds: [groupId] }],
      },
    },
  ],
  renewControllerToken: ({ controllerId }) => [{ params: { controllerId } }],
  createControllerGateway: ({ product }) => [
    { body: { product, hardwareType: "linux", controllerIds: [unique()] } },
  ],
  listControllerGateways: plain,
  deleteControllerGateway: ({ controllerGatewayId: gatewayId }) => [{ params: { gatewayId } }],
  listGroups: plain,
  createGroup: ({ product }) => [
    { body: { name: unique(), product } },
    { body: { name: unique(), product, query: "inventory.mark:*" } },
  ],
  showGroup: group,
  changeGroup: ({ groupId }) => [
    { params: { groupId }, body: { name: unique() } },
    { params: { groupId }, body: { query: "name:*" } },
  ],
  deleteGroup: group,
  addToGroup: members,
  removeFromGroup: members,
  rehearseBulkChange: bulkChanges,
  startBulkChange: (target, own) =>
    bulkChanges(target, own).map(({ body }) => ({
      body: { ...(body as object), expectedMatches: 1 },
    })),
  showBulkChange: ({ bulkChangeId }) => [{ params: { bulkChangeId } }],
  listBulkChanges: plain,
  uploadArtifact: ({ product }) => [{ params: { product } }],
  listReleases: plain,
  showRelease: release,
  listSafeguards: release,
  createSafeguard: ({ releaseId }) => [
    { params: { releaseId }, body: { query: "running = 1.0", note: "kept" } },
  ],
  liftSafeguard: ({ safeguardId }) => [{ params: { safeguardId } }],
  listUploads: plain,
  showUpload: ({ uploadId }) => [{ params: { uploadId } }],
  changeRelease: ({ releaseId }) => [{ params: { releaseId }, body: { notes: "changed" } }],
  deleteRelease: release,
  downloadArtifact: artifact,
  deleteArtifact: artifact,
  showTrust: plain,
  listTrustFiles: plain,
  showTrustFile: () => [
    { params: { file: "1.root.json" } },
    { params: { file: "timestamp.json" } },
  ],
  showOnlineKeys: plain,
  createTrustProposal: () => [{ body: { note: "", files: [proposedFile] } }],
  listTrustProposals: plain,
  showTrustProposal: trustProposal,
  addTrustSignatures: ({ trustProposalId }) => [
    {
      params: { trustProposalId },
      body: { role: "targets", signatures: [{ keyid: "k", sig: "00" }] },
    },
  ],
  publishTrustProposal: trustProposal,
  withdrawTrustProposal: trustProposal,
  listDeployments: ({ releaseId }) => [{}, { query: { releaseId } }],
  createDeployment: (target, own) => [
    { body: { releaseId: target.releaseId, target: { kind: "all" }, plan } },
    {
      body: { releaseId: own.releaseId, target: { kind: "group", groupId: target.groupId }, plan },
    },
    {
      body: {
        releaseId: own.releaseId,
        target: { kind: "devices", deviceIds: [target.deviceId] },
        plan,
      },
    },
  ],
  previewDeployment: (target, own) => [
    { body: { releaseId: target.releaseId, target: { kind: "all" }, plan } },
    {
      body: { releaseId: own.releaseId, target: { kind: "group", groupId: target.groupId }, plan },
    },
    {
      body: {
        releaseId: own.releaseId,
        target: { kind: "devices", deviceIds: [target.deviceId] },
        plan,
      },
    },
  ],
  showDeploymentProgress: deployment,
  verifyDeploymentChain: deployment,
  replayDeployment: deployment,
  listChainEntries: deployment,
  listWaitingDevices: deployment,
  rehearseDeploymentChange: ({ deploymentId }) => [
    { params: { deploymentId }, query: { action: "abort" } },
  ],
  showDeployment: deployment,
  pauseDeployment: deployment,
  resumeDeployment: deployment,
  advanceDeployment: ({ deploymentId }) => [{ params: { deploymentId }, body: { stage: 0 } }],
  openInstallation: deployment,
  approveDeployment: ({ deploymentId }) => [{ params: { deploymentId }, body: { stage: 0 } }],
  withdrawApproval: ({ deploymentId }) => [{ params: { deploymentId }, body: { stage: 0 } }],
  abortDeployment: deployment,
  previewRollBack: deployment,
  rollBackDeployment: ({ deploymentId }) => [{ params: { deploymentId }, body: {} }],
  forceDevice: ({ deploymentId, deviceId }) => [{ params: { deploymentId, deviceId } }],
  retryDevice: ({ deploymentId, deviceId }) => [{ params: { deploymentId, deviceId } }],
  cancelDevice: ({ deploymentId, deviceId }) => [{ params: { deploymentId, deviceId } }],
  listAssignments: deployment,
  showAssignment: ({ assignmentId }) => [{ params: { assignmentId } }],
  showAttemptLog: ({ assignmentId }) => [{ params: { assignmentId, attempt: 1 } }],
};

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Events are read for this long where none may come; the streams never end by themselves. */
const EVENTS_MS = 300;
/** As long as a busy machine may take for those that must come. */
const EXPECTED_EVENTS_MS = 30_000;

/** Sends one call; of live events what arrives at once, or what comes until `expected` is in it. */
export async function send(
  url: string,
  id: OperationId,
  call: OperationCall,
  apiKey: string,
  expected?: string,
): Promise<Answer> {
  const operation: Operation = operations[id];
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(call.params?.[name])),
  );
  const query = new URLSearchParams(
    Object.entries(call.query ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const isStream = operation.body === "stream";
  const response = await fetch(`${url}/api/v1${path}?${query.toString()}`, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(isStream ? { "content-type": "application/octet-stream" } : {}),
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(isStream ? { body: "no artifact" } : {}),
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  const text =
    operation.replyKind === "events" && response.ok
      ? await firstBytes(response, expected)
      : await response.text();
  return { status: response.status, text };
}

async function firstBytes(response: Response, expected: string | undefined): Promise<string> {
  const reader = response.body?.getReader();
  let text = "";
  const timer = setTimeout(
    () => void reader?.cancel(),
    expected === undefined ? EVENTS_MS : EXPECTED_EVENTS_MS,
  );
  while (expected === undefined || !text.includes(expected)) {
    const next = await reader?.read();
    if (next?.done !== false) break;
    text += Buffer.from(next.value).toString();
  }
  clearTimeout(timer);
  await reader?.cancel();
  return text;
}
