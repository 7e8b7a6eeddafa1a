import type { EventKind, FleetEvent } from "@moult/model";

/** Every kind of event in one of few groups, as a filter names them: a new kind does not compile without its group. */
const GROUP_OF: Readonly<Record<EventKind, ActivityGroup>> = {
  "device-enrolled": "admission",
  "device-state-changed": "admission",
  "device-identity-conflict": "admission",
  "device-held": "deployments",
  "device-released": "deployments",
  "device-configured": "settings",
  "device-inventory-changed": "devices",
  "device-running-changed": "devices",
  "bulk-change-progressed": "admission",
  "group-changed": "settings",
  "product-changed": "settings",
  "release-changed": "releases",
  "release-rules-changed": "releases",
  "safeguard-created": "releases",
  "safeguard-lifted": "releases",
  "release-deleted": "releases",
  "upload-changed": "releases",
  "person-invited": "people",
  "invitation-revoked": "people",
  "person-joined": "people",
  "person-role-changed": "people",
  "person-removed": "people",
  "trust-initialised": "settings",
  "trust-role-expiring": "settings",
  "receipt-invalid": "updates",
  "trust-proposal-changed": "releases",
  "deployment-created": "deployments",
  "deployment-state-changed": "deployments",
  "deployment-tripped": "deployments",
  "stage-advanced": "deployments",
  "installation-opened": "deployments",
  "stage-approved": "deployments",
  "approval-withdrawn": "deployments",
  "deployment-rolled-back": "deployments",
  "assignment-offered": "updates",
  "assignment-retried": "deployments",
  "device-forced": "deployments",
  "offer-not-signed": "updates",
  "assignment-progressed": "updates",
  "assignment-closed": "updates",
};

export type ActivityGroup =
  | "deployments"
  | "updates"
  | "admission"
  | "devices"
  | "releases"
  | "people"
  | "settings";

export const ACTIVITY_GROUPS: Readonly<Record<ActivityGroup, string>> = {
  deployments: "Deployments",
  updates: "Updates of single devices",
  admission: "Devices that join and leave",
  devices: "What devices run and report",
  releases: "Releases",
  people: "People",
  settings: "Products and groups",
};

export const isActivityGroup = (value: string): value is ActivityGroup =>
  Object.hasOwn(ACTIVITY_GROUPS, value);

/** Each device makes these by itself, in masses. */
const BY_DEVICES: readonly ActivityGroup[] = ["updates", "devices"];

/** The kinds of a group, as `listEvents` takes them; of none, all that people and rules decide. */
export const kindsOf = (group?: ActivityGroup): string =>
  (Object.entries(GROUP_OF) as [EventKind, ActivityGroup][])
    .filter(([, of]) => (group === undefined ? !BY_DEVICES.includes(of) : of === group))
    .map(([kind]) => kind)
    .join(",");

/** Who decided these, each once. */
export const decidersOf = (events: readonly FleetEvent[]): readonly string[] => [
  ...new Set(
    events.flatMap(({ body }) => ("by" in body && body.by !== undefined ? [body.by] : [])),
  ),
];
