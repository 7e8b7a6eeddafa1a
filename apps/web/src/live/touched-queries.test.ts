import type {
  BulkChangeId,
  Deployment,
  DeploymentId,
  DeviceId,
  ProductName,
  UploadId,
} from "@moult/model";
import { expect, test } from "vitest";
import { isTouched, withNewDeployment, type Change } from "./touched-queries.ts";

const DEVICE = "11111111-1111-4111-8111-111111111111" as DeviceId;
const OTHER = "22222222-2222-4222-8222-222222222222" as DeviceId;
const DEPLOYMENT = "33333333-3333-4333-8333-333333333333" as DeploymentId;

const change = (parts: Partial<Change>): Change => ({
  sequence: 7,
  at: "2026-11-28T12:00:00.000Z",
  isReset: false,
  deviceIds: [],
  hasMoreDevices: false,
  deploymentIds: [],
  releaseIds: [],
  groupIds: [],
  products: [],
  bulkChangeIds: [],
  uploadIds: [],
  hasTrustChanged: false,
  hasPeopleChanged: false,
  deployments: [],
  ...parts,
});

test.each([
  ["a device's own page", ["showDevice", { params: { deviceId: DEVICE } }], true],
  ["another device's page", ["showDevice", { params: { deviceId: OTHER } }], false],
  ["every list of devices", ["listDevices", { query: { state: "pending" } }], true],
  ["the overview", ["showOverview", {}], true],
  ["the activity", ["listEvents", { query: { limit: 100 } }], true],
  ["releases", ["listReleases", {}], false],
  ["a question that nobody mapped", ["listApiKeys", {}], false],
])("what happened to a device concerns %s: %j, %s", (_, key, expected) => {
  expect(isTouched(key, change({ deviceIds: [DEVICE] }))).toBe(expected);
});

test("a product that was made at the command line ticks its step", () => {
  const made = change({ products: ["gw2" as ProductName] });

  expect(isTouched(["showOverview", {}], made)).toBe(true);
  expect(isTouched(["listProducts", {}], made)).toBe(true);
});

test("more devices than are named concern the page of each", () => {
  const key = ["showDevice", { params: { deviceId: OTHER } }];

  expect(isTouched(key, change({ hasMoreDevices: true }))).toBe(true);
});

test("a deployment's page takes its numbers from the change itself", () => {
  const shown = { id: DEPLOYMENT, headline: "before", tally: {} } as unknown as Deployment;
  const changed = { ...shown, headline: "after" };

  expect(withNewDeployment(shown, [changed])).toEqual(changed);
  expect(withNewDeployment(shown, [])).toBe(shown);
  expect(withNewDeployment(undefined, [changed])).toBeUndefined();
});

test.each([
  ["the state of trust", ["showTrust", {}], true],
  ["every list of proposals", ["listTrustProposals", { query: { state: "open" } }], true],
  ["releases, which may be signed now", ["listReleases", {}], true],
  ["why a device waits", ["explainDevice", { params: { deviceId: DEVICE } }], true],
  ["groups", ["listGroups", {}], false],
])("what happened to trust concerns %s: %j, %s", (_, key, expected) => {
  expect(isTouched(key, change({ hasTrustChanged: true }))).toBe(expected);
});

test.each([
  ["the list of people", ["listPeople", {}], true],
  ["those who may approve", ["listApprovers", {}], true],
  ["the activity", ["listEvents", { query: { limit: 100 } }], true],
  ["groups", ["listGroups", {}], false],
])("what happened to people concerns %s: %j, %s", (_, key, expected) => {
  expect(isTouched(key, change({ hasPeopleChanged: true }))).toBe(expected);
});

test("uploads concern the list of them alone", () => {
  const uploaded = change({ uploadIds: ["44444444-4444-4444-8444-444444444444" as UploadId] });

  expect(isTouched(["listUploads", {}], uploaded)).toBe(true);
  expect(isTouched(["listReleases", {}], uploaded)).toBe(false);
});

test("the live page of a deployment is asked again for it alone", () => {
  const moved = change({ deploymentIds: [DEPLOYMENT] });
  const progress = (deploymentId: string) => [
    "showDeploymentProgress",
    { params: { deploymentId } },
  ];

  expect(isTouched(progress(DEPLOYMENT), moved)).toBe(true);
  expect(isTouched(progress(OTHER), moved)).toBe(false);
  expect(isTouched(["previewDeployment", { body: {} }], change({ deviceIds: [DEVICE] }))).toBe(
    true,
  );
});

test("a change of many devices is asked again as it goes, until it is finished", () => {
  const JOB = "55555555-5555-4555-8555-555555555555" as BulkChangeId;
  const went = change({ bulkChangeIds: [JOB] });
  const job = (bulkChangeId: string) => ["showBulkChange", { params: { bulkChangeId } }];

  expect(isTouched(job(JOB), went)).toBe(true);
  expect(isTouched(job(OTHER), went)).toBe(false);
});
