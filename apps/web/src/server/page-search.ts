import type {
  AssignmentState,
  DeploymentState,
  DeviceContact,
  DeviceState,
  GroupId,
  HardwareType,
  Outcome,
  ProductName,
  ReleaseId,
} from "@moult/model";
import { id, oneOf, present, text, texts, type Search } from "./search-params.ts";

const DEVICE_STATES: readonly DeviceState[] = ["pending", "accepted", "rejected", "decommissioned"];
const CONTACTS: readonly DeviceContact[] = ["never-seen", "on-time", "late", "silent"];
const DEVICE_SORTS = ["newest", "oldest", "name", "seen"] as const;
const DEPLOYMENT_STATES: readonly DeploymentState[] = [
  "running",
  "paused",
  "tripped",
  "finished",
  "aborted",
];
const OUTCOMES: readonly Outcome[] = [
  "succeeded",
  "already-running",
  "failed",
  "rolled-back",
  "rejected",
  "timed-out",
  "silent",
  "aborted",
];
const ASSIGNMENT_STATES: readonly AssignmentState[] = [
  "offered",
  "downloading",
  "installing",
  "activating",
  "proving",
  "rolling-back",
  "retry-pending",
  "closed",
];

/** Some two hundred: what one page of a list can choose, within what every proxy takes as an address. */
const DEVICE_IDS_LENGTH_MAX = 7_500;

/** What a list of devices shows, as its address says: the server's own filter, by its own names. */
export const devicesSearch = (search: Search) =>
  present({
    search: text(search["search"]),
    product: text(search["product"]) as ProductName | undefined,
    state: oneOf(search["state"], DEVICE_STATES),
    contact: oneOf(search["contact"], CONTACTS),
    updating: oneOf(text(search["updating"]), ["true", "false"] as const),
    undecided: oneOf(search["undecided"], ["key", "identity"] as const),
    groupId: id<GroupId>(search["groupId"]),
    hardwareType: text(search["hardwareType"]) as HardwareType | undefined,
    running: text(search["running"]),
    attribute: texts(search["attribute"], 5),
    columns: text(search["columns"]),
    sort: oneOf(search["sort"], DEVICE_SORTS),
    cursor: text(search["cursor"]),
  });
export type DevicesSearch = ReturnType<typeof devicesSearch>;

export const deploymentsSearch = (search: Search) =>
  present({
    product: text(search["product"]) as ProductName | undefined,
    state: oneOf(search["state"], DEPLOYMENT_STATES),
    releaseId: id<ReleaseId>(search["releaseId"]),
    cursor: text(search["cursor"]),
  });

export const newDeploymentSearch = (search: Search) =>
  present({
    releaseId: id<ReleaseId>(search["releaseId"]),
    target: oneOf(search["target"], ["all", "group", "devices"] as const),
    groupId: id<GroupId>(search["groupId"]),
    /** Separated by commas. */
    deviceIds: text(search["deviceIds"], DEVICE_IDS_LENGTH_MAX),
    plan: oneOf(search["plan"], ["fast", "own"] as const),
  });
export type NewDeploymentSearch = ReturnType<typeof newDeploymentSearch>;

export const assignmentsSearch = (search: Search) =>
  present({
    show: oneOf(search["show"], ["waiting"] as const),
    state: oneOf(search["state"], ASSIGNMENT_STATES),
    outcome: oneOf(search["outcome"], OUTCOMES),
    stage: text(search["stage"]),
    code: text(search["code"]),
    cursor: text(search["cursor"]),
  });
export type AssignmentsSearch = ReturnType<typeof assignmentsSearch>;

export const releasesSearch = (search: Search) =>
  present({
    product: text(search["product"]) as ProductName | undefined,
    cursor: text(search["cursor"]),
  });

export const activitySearch = (search: Search) =>
  present({ kind: text(search["kind"]), by: text(search["by"]), cursor: text(search["cursor"]) });

export const cursorSearch = (search: Search) => present({ cursor: text(search["cursor"]) });

export const historySearch = (search: Search) =>
  present({
    show: oneOf(search["show"], ["decisions"] as const),
    cursor: text(search["cursor"]),
  });
