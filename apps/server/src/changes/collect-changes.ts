import type { ChangeNotice, Deployment, DeploymentId } from "@moult/model";
import type { EventRecord } from "../platform/events.ts";

/** Beyond this many, a page that shows devices looks again at all that it shows. */
export const DEVICES_MAX = 200;
/** Of anything else so many never change at once; should they, everything is said to have changed. */
const THINGS_MAX = 200;
const DEPLOYMENTS_MAX = 20;
/** A list of devices travels with its deployment; a long one is asked for by whoever shows it. */
const LISTED_DEVICES_MAX = 100;

const THINGS = [
  "deploymentIds",
  "releaseIds",
  "groupIds",
  "products",
  "bulkChangeIds",
  "uploadIds",
] as const;
type Thing = (typeof THINGS)[number];

/** What changed so far, each thing once. */
export interface Collected {
  sequence: number;
  isReset: boolean;
  hasMoreDevices: boolean;
  hasTrustChanged: boolean;
  hasPeopleChanged: boolean;
  readonly deviceIds: Set<ChangeNotice["deviceIds"][number]>;
  readonly things: { readonly [Name in Thing]: Set<ChangeNotice[Name][number]> };
  readonly deployments: Map<DeploymentId, Deployment>;
}

export const nothingSince = (sequence: number): Collected => ({
  sequence,
  isReset: false,
  hasMoreDevices: false,
  hasTrustChanged: false,
  hasPeopleChanged: false,
  deviceIds: new Set(),
  things: {
    deploymentIds: new Set(),
    releaseIds: new Set(),
    groupIds: new Set(),
    products: new Set(),
    bulkChangeIds: new Set(),
    uploadIds: new Set(),
  },
  deployments: new Map(),
});

/** What these events changed, added to what changed before them. */
export function collect(into: Collected, events: readonly EventRecord[]): void {
  for (const { sequence, deviceId, deploymentId, body } of events) {
    into.sequence = sequence;
    if (deviceId !== null) addDevice(into, deviceId);
    if (deploymentId !== null) add(into, "deploymentIds", deploymentId);
    if ("releaseId" in body) add(into, "releaseIds", body.releaseId);
    if ("groupId" in body) add(into, "groupIds", body.groupId);
    if (body.kind === "upload-changed") add(into, "uploadIds", body.uploadId);
    if ("bulkChangeId" in body) add(into, "bulkChangeIds", body.bulkChangeId);
    if (body.kind.startsWith("trust-")) into.hasTrustChanged = true;
    if (isAboutPeople(body.kind)) into.hasPeopleChanged = true;
    if (body.kind === "product-changed") add(into, "products", body.product);
  }
}

/** What was collected later, added; of a deployment that is in both, as it was later. */
export function merge(into: Collected, later: Collected): void {
  into.sequence = Math.max(into.sequence, later.sequence);
  into.isReset ||= later.isReset;
  into.hasMoreDevices ||= later.hasMoreDevices;
  into.hasTrustChanged ||= later.hasTrustChanged;
  into.hasPeopleChanged ||= later.hasPeopleChanged;
  for (const deviceId of later.deviceIds) addDevice(into, deviceId);
  for (const name of THINGS) for (const thing of later.things[name]) add(into, name, thing);
  keepDeployments(into, [...later.deployments.values()]);
}

/** Deployments as they are by now. */
export function keepDeployments(into: Collected, deployments: readonly Deployment[]): void {
  for (const deployment of deployments) {
    const { id, target } = deployment;
    // One that was left out stays left out: what is said of it would be old.
    into.deployments.delete(id);
    const listed =
      (target.kind === "devices" ? target.deviceIds.length : 0) +
      (target.exclude?.deviceIds?.length ?? 0);
    const isShort = listed <= LISTED_DEVICES_MAX;
    if (isShort && into.deployments.size < DEPLOYMENTS_MAX) into.deployments.set(id, deployment);
  }
}

/** The deployments that a notice tells whole. */
export const toShow = ({ things }: Collected): readonly DeploymentId[] =>
  [...things.deploymentIds].slice(-DEPLOYMENTS_MAX);

export function noticeOf(collected: Collected, at: string): ChangeNotice {
  const { sequence, isReset, hasMoreDevices, hasTrustChanged, hasPeopleChanged } = collected;
  const { deviceIds, things, deployments } = collected;
  return {
    sequence,
    at,
    isReset,
    deviceIds: [...deviceIds],
    hasMoreDevices,
    deploymentIds: [...things.deploymentIds],
    releaseIds: [...things.releaseIds],
    groupIds: [...things.groupIds],
    products: [...things.products],
    bulkChangeIds: [...things.bulkChangeIds],
    uploadIds: [...things.uploadIds],
    hasTrustChanged,
    hasPeopleChanged,
    deployments: [...deployments.values()],
  };
}

const isAboutPeople = (kind: string): boolean =>
  kind.startsWith("person-") || kind === "invitation-revoked";

function addDevice(into: Collected, deviceId: ChangeNotice["deviceIds"][number]): void {
  if (into.deviceIds.has(deviceId)) return;
  if (into.deviceIds.size === DEVICES_MAX) into.hasMoreDevices = true;
  else into.deviceIds.add(deviceId);
}

function add(into: Collected, name: Thing, thing: string): void {
  // Each name has its own brand, which a loop over names loses.
  const things = into.things[name] as Set<string>;
  if (things.size < THINGS_MAX) things.add(thing);
  else if (!things.has(thing)) into.isReset = true;
}
