import type { CallId, Reply } from "@moult/client";
import type { Deployment } from "@moult/model";

export type Change = Reply<"watchChanges">;

interface QueryInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

type Touches = (change: Change, input: QueryInput) => boolean;

const anyDevice: Touches = ({ deviceIds, hasMoreDevices }) =>
  deviceIds.length > 0 || hasMoreDevices;
const thisDevice: Touches = (change, { params }) =>
  change.hasMoreDevices || change.deviceIds.some((id) => id === params?.["deviceId"]);
const anyDeployment: Touches = ({ deploymentIds }) => deploymentIds.length > 0;
const thisDeployment: Touches = ({ deploymentIds }, { params }) =>
  deploymentIds.some((id) => id === params?.["deploymentId"]);
const anyRelease: Touches = ({ releaseIds }) => releaseIds.length > 0;
const anyGroup: Touches = ({ groupIds }) => groupIds.length > 0;
const anyUpload: Touches = ({ uploadIds }) => uploadIds.length > 0;
const anyTrust: Touches = ({ hasTrustChanged }) => hasTrustChanged;
const anyPeople: Touches = ({ hasPeopleChanged }) => hasPeopleChanged;
const anyProduct: Touches = ({ products }) => products.length > 0;
const oneOf =
  (...touches: readonly Touches[]): Touches =>
  (change, input) =>
    touches.some((touch) => touch(change, input));

/** Changes only by what this person does, or so seldom that the next visit is soon enough. */
const nothing: Touches = () => false;

/**
 * Which questions an event may have made old. All that the console asks are here, so that one which nobody thought of does
 * not compile; it would show for ever what was when it was asked first.
 */
const TOUCHED_BY = {
  showOverview: oneOf(anyDevice, anyDeployment, anyRelease, anyGroup, anyProduct, anyTrust),
  listDevices: oneOf(anyDevice, anyGroup),
  countMatchingDevices: oneOf(anyDevice, anyGroup),
  countDevices: anyDevice,
  showDevice: thisDevice,
  showDeviceConfiguration: thisDevice,
  explainDevice: oneOf(thisDevice, anyDeployment, anyRelease, anyTrust),
  listDeviceTimeline: thisDevice,
  listDeviceAssignments: thisDevice,
  listDeviceReceipts: thisDevice,
  showAssignment: anyDevice,
  listDeployments: anyDeployment,
  // Who is left to approve it, changes with people.
  showDeployment: oneOf(thisDeployment, anyPeople),
  showDeploymentProgress: oneOf(thisDeployment, anyRelease, anyTrust),
  rehearseDeploymentChange: thisDeployment,
  previewRollBack: thisDeployment,
  listWaitingDevices: oneOf(thisDeployment, anyDevice, anyRelease, anyTrust),
  previewDeployment: oneOf(anyDevice, anyDeployment, anyRelease, anyGroup, anyTrust),
  listAssignments: thisDeployment,
  listEvents: oneOf(
    anyDevice,
    anyDeployment,
    anyRelease,
    anyGroup,
    anyProduct,
    anyTrust,
    anyPeople,
  ),
  listReleases: oneOf(anyRelease, anyTrust),
  showRelease: oneOf(anyRelease, anyDeployment, anyTrust),
  listSafeguards: anyRelease,
  showTrust: anyTrust,
  listTrustProposals: anyTrust,
  showTrustProposal: anyTrust,
  listUploads: anyUpload,
  listGroups: anyGroup,
  // A group by query changes with what devices report.
  showGroup: oneOf(anyGroup, anyDevice),
  listProducts: anyProduct,
  showProduct: anyProduct,
  listEnrolmentTokens: anyDevice,
  listPreauthorisations: anyDevice,
  listControllerGateways: nothing,
  showBulkChange: ({ bulkChangeIds }, { params }) =>
    bulkChangeIds.some((id) => id === params?.["bulkChangeId"]),
  rehearseBulkChange: oneOf(anyDevice, anyGroup),
  listInventoryNames: nothing,
  listInventoryValues: nothing,
  listPeople: anyPeople,
  listInvitations: anyPeople,
  listApprovers: anyPeople,
  showInvitation: nothing,
  listApiKeys: nothing,
  showMe: nothing,
  showSetup: nothing,
  showSystem: nothing,
} satisfies Partial<Record<CallId, Touches>>;

/** What the console may ask as a query. */
export type QueriedId = keyof typeof TOUCHED_BY;

/** Whether a change may have made the answer to a query old; `queryKey` is `operationQuery`'s. */
export function isTouched(queryKey: readonly unknown[], change: Change): boolean {
  const [id, input] = queryKey;
  const touches: Touches | undefined = TOUCHED_BY[id as QueriedId];
  return touches !== undefined && touches(change, (input ?? {}) as QueryInput);
}

/** The same deployment with the numbers of a change, if it has some. */
export function withNewDeployment<Shown>(shown: Shown, deployments: readonly Deployment[]): Shown {
  if (!isDeployment(shown)) return shown;
  const changed = deployments.find(({ id }) => id === shown.id);
  return changed === undefined ? shown : { ...shown, ...changed };
}

const isDeployment = (value: unknown): value is Deployment =>
  typeof value === "object" && value !== null && "tally" in value && "id" in value;
