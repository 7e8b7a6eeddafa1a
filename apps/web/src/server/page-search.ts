import { DeviceSort } from "@moult/api";
import {
  AssignmentState,
  DeploymentState,
  DeviceContact,
  DeviceState,
  Outcome,
  type GroupId,
  type HardwareType,
  type ProductName,
  type ReleaseId,
} from "@moult/model";
import { id, oneOf, present, text, texts, type Search } from "./search-params.ts";

/** Some two hundred: what one page of a list can choose, within what every proxy takes as an address. */
const DEVICE_IDS_LENGTH_MAX = 7_500;

/** As the language bounds it. */
const QUERY_LENGTH_MAX = 2_048;

const PERCENT_LENGTH_MAX = 12;

/** What a list of devices shows, as its address says: the server's own filter, by its own names. */
export const devicesSearch = (search: Search) =>
  present({
    search: text(search["search"]),
    product: text(search["product"]) as ProductName | undefined,
    state: oneOf(search["state"], DeviceState.options),
    contact: oneOf(search["contact"], DeviceContact.options),
    updating: oneOf(text(search["updating"]), ["true", "false"] as const),
    undecided: oneOf(search["undecided"], ["key", "identity"] as const),
    groupId: id<GroupId>(search["groupId"]),
    hardwareType: text(search["hardwareType"]) as HardwareType | undefined,
    running: text(search["running"]),
    attribute: texts(search["attribute"], 5),
    query: text(search["query"], QUERY_LENGTH_MAX),
    columns: text(search["columns"]),
    sort: oneOf(search["sort"], DeviceSort.options),
    cursor: text(search["cursor"]),
  });
export type DevicesSearch = ReturnType<typeof devicesSearch>;

export const deploymentsSearch = (search: Search) =>
  present({
    product: text(search["product"]) as ProductName | undefined,
    state: oneOf(search["state"], DeploymentState.options),
    releaseId: id<ReleaseId>(search["releaseId"]),
    cursor: text(search["cursor"]),
  });

export const newDeploymentSearch = (search: Search) =>
  present({
    releaseId: id<ReleaseId>(search["releaseId"]),
    target: oneOf(search["target"], ["all", "group", "query", "devices"] as const),
    groupId: id<GroupId>(search["groupId"]),
    query: text(search["query"], QUERY_LENGTH_MAX),
    frozen: oneOf(search["frozen"], ["yes"] as const),
    /** An exclusion, as JSON. */
    exclude: text(search["exclude"], DEVICE_IDS_LENGTH_MAX),
    holdBack: text(search["holdBack"], PERCENT_LENGTH_MAX),
    /** Separated by commas. */
    deviceIds: text(search["deviceIds"], DEVICE_IDS_LENGTH_MAX),
    plan: oneOf(search["plan"], ["fast", "own"] as const),
  });
export type NewDeploymentSearch = ReturnType<typeof newDeploymentSearch>;

export const assignmentsSearch = (search: Search) =>
  present({
    show: oneOf(search["show"], ["waiting"] as const),
    state: oneOf(search["state"], AssignmentState.options),
    outcome: oneOf(search["outcome"], Outcome.options),
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
