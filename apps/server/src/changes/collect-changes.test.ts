import type { Deployment, DeploymentId, DeviceId, FleetEventBody, GroupId } from "@moult/model";
import { expect, test } from "vitest";
import type { EventRecord } from "../platform/events.ts";
import {
  DEVICES_MAX,
  collect,
  keepDeployments,
  merge,
  noticeOf,
  nothingSince,
} from "./collect-changes.ts";

const AT = "2026-01-05T12:00:00.000Z";
const id = (number: number) => `0198c0de-0001-7000-8000-${String(number).padStart(12, "0")}`;
const event = (sequence: number, fields: Partial<EventRecord> = {}): EventRecord => ({
  sequence,
  at: AT,
  deviceId: null,
  deploymentId: null,
  assignmentId: null,
  body: { kind: "device-inventory-changed" },
  ...fields,
});
const ofDevice = (sequence: number, device: number) =>
  event(sequence, { deviceId: id(device) as DeviceId });
const groupChanged = (number: number): FleetEventBody => ({
  kind: "group-changed",
  groupId: id(number) as GroupId,
});
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const noticed = (events: readonly EventRecord[]) => {
  const collected = nothingSince(0);
  collect(collected, events);
  return noticeOf(collected, AT);
};

test("each thing is named once, whatever happened to it and however often", () => {
  const notice = noticed([
    ofDevice(1, 7),
    event(2, { deviceId: id(7) as DeviceId, deploymentId: id(8) as DeploymentId }),
    event(3, { body: groupChanged(9) }),
    event(4, { body: { kind: "product-changed", product: "gw2" as never } }),
    event(5, {
      body: { kind: "release-deleted", releaseId: id(6) as never, version: "1" as never },
    }),
    event(6, {
      body: { kind: "upload-changed", uploadId: id(5) as never, state: "verifying" },
    }),
  ]);

  expect(notice).toMatchObject({
    sequence: 6,
    isReset: false,
    hasMoreDevices: false,
    deviceIds: [id(7)],
    deploymentIds: [id(8)],
    groupIds: [id(9)],
    products: ["gw2"],
    releaseIds: [id(6)],
    uploadIds: [id(5)],
    hasTrustChanged: false,
    hasPeopleChanged: false,
  });
});

test("whatever happens to trust is told as one thing, also beside what came before it", () => {
  const proposed = event(2, {
    body: {
      kind: "trust-proposal-changed",
      proposalId: id(4) as never,
      change: "signed",
      roles: ["gw2.prod"],
      by: "ada",
    },
  });
  expect(noticed([ofDevice(1, 7), proposed]).hasTrustChanged).toBe(true);

  const earlier = nothingSince(0);
  const later = nothingSince(1);
  collect(later, [proposed]);
  merge(earlier, later);
  expect(noticeOf(earlier, AT).hasTrustChanged).toBe(true);
});

test.each([
  { kind: "person-removed", name: "Bob", email: "bob@example.org", by: "Ada" },
  { kind: "invitation-revoked", email: "bob@example.org", role: "viewer", by: "Ada" },
] as const)("what happens to people is told as one thing: $kind", (body) => {
  expect(noticed([event(1, { body })]).hasPeopleChanged).toBe(true);
});

test("more devices than a page shows are not named but said to be more", () => {
  const exactly = countUp(DEVICES_MAX).map((number) => ofDevice(number, number));
  const again = ofDevice(DEVICES_MAX + 1, 1);

  expect(noticed([...exactly, again])).toMatchObject({ hasMoreDevices: false });
  const more = noticed([...exactly, ofDevice(DEVICES_MAX + 1, DEVICES_MAX + 1)]);
  expect(more.deviceIds).toHaveLength(DEVICES_MAX);
  expect(more.hasMoreDevices).toBe(true);
});

test("so many groups that they cannot be named reset everything", () => {
  const changed = countUp(201).map((number) => event(number, { body: groupChanged(number) }));

  expect(noticed(changed.slice(0, 200))).toMatchObject({ isReset: false });
  expect(noticed(changed)).toMatchObject({ isReset: true });
});

const deployment = (number: number, headline: string, deviceCount?: number) =>
  ({
    id: id(number),
    headline,
    target:
      deviceCount === undefined
        ? { kind: "all" }
        : { kind: "devices", deviceIds: countUp(deviceCount).map(id) },
  }) as unknown as Deployment;

test("news that waited is one piece with what came after, and deployments are as they are last", () => {
  const [waiting, later] = [nothingSince(0), nothingSince(2)];
  collect(waiting, [ofDevice(1, 1), ofDevice(2, 2)]);
  keepDeployments(waiting, [deployment(5, "old"), deployment(6, "kept")]);
  collect(later, [ofDevice(3, 2), ofDevice(4, 3)]);
  keepDeployments(later, [deployment(5, "new")]);
  merge(waiting, later);

  const notice = noticeOf(waiting, AT);
  expect(notice).toMatchObject({ sequence: 4, deviceIds: [id(1), id(2), id(3)] });
  expect(notice.deployments.map(({ headline }) => headline).sort()).toEqual(["kept", "new"]);
});

test("a long list of devices does not travel each second", () => {
  const collected = nothingSince(0);
  keepDeployments(collected, [deployment(1, "short", 100), deployment(2, "long", 101)]);

  expect(noticeOf(collected, AT).deployments.map(({ headline }) => headline)).toEqual(["short"]);
});
