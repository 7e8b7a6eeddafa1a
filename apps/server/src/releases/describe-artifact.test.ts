import { inspectArtifact, type ArtifactHead } from "@moult/artifact";
import type { ArtifactId, ChannelName, ProductName, ReleaseVersion } from "@moult/model";
import { expect, test } from "vitest";
import { describeArtifact, fitDigest, readHeadNames } from "./describe-artifact.ts";
import { artifactBytes, bodyOf } from "./test-releases.fixture.ts";

const head = (artifactName: string, ...deviceTypes: string[]): ArtifactHead =>
  ({ artifactName, deviceTypes }) as unknown as ArtifactHead;

test.each([
  ["1.2.3+build.7", ["gw2"], "usable"],
  ["v1/../../etc", ["gw2"], "unusable"],
  ["", ["gw2"], "unusable"],
  ["v1", ["gw2", "a b"], "unusable"],
  ["v1", [".hidden"], "unusable"],
  ["x".repeat(129), ["gw2"], "unusable"],
])("the names %j and %j are %s", (artifactName, deviceTypes, kind) => {
  expect(readHeadNames(head(artifactName, ...deviceTypes)).kind).toBe(kind);
});

const fit = (depends: Record<string, string[]>, ...types: (string | null)[]) =>
  fitDigest({ depends, payloads: types.map((type) => ({ type, files: [] })) });

test("depends are the same in any order, and the hardware type is none of them", () => {
  const digest = fit({ device_type: ["gw2"], a: ["1", "2"], b: ["3"] });

  expect(fit({ b: ["3"], a: ["2", "1", "2"], device_type: ["gw3"] })).toBe(digest);
  expect(fit({ a: ["1", "2"], b: ["4"] })).not.toBe(digest);
  expect(fit({ a: ["1", "2"] })).not.toBe(digest);
  expect(fit({ device_type: ["gw2"] })).toBe(fit({}));
});

test("a file of another maker's client is beside an artifact for the same hardware, and no two artifacts are", () => {
  expect(fit({}, "swu")).not.toBe(fit({}, "rootfs-image"));
  expect(fit({}, "swu")).not.toBe(fit({}, "rauc"));
  expect(fit({}, "single-file")).toBe(fit({}, "rootfs-image"));
  expect(fit({}, "swu", "rootfs-image")).toBe(fit({}, "rootfs-image"));
});

const place = {
  id: "01990000-0000-7000-8000-000000000001" as ArtifactId,
  product: "gateway" as ProductName,
  channel: "prod" as ChannelName,
  version: "v1" as ReleaseVersion,
  createdAt: "2026-01-05T12:00:00.000Z",
};

test("what is more than Moult keeps is refused when it arrives, not when it is shown", async () => {
  const summary = await inspectArtifact(bodyOf(await artifactBytes()).content);
  const checksum = Array.from({ length: 1_001 }, (_, index) => `${index}`);

  const described = describeArtifact(
    { ...summary, head: { ...summary.head, depends: { checksum } } },
    new Map(),
    place,
  );

  expect(described).toEqual({
    kind: "unusable",
    detail: expect.stringMatching(/^Its depends\.checksum is beyond what Moult keeps: .+/),
  });
});

test("a device type that is listed twice counts once", async () => {
  const summary = await inspectArtifact(bodyOf(await artifactBytes()).content);

  const described = describeArtifact(
    { ...summary, head: { ...summary.head, deviceTypes: ["gw2", "gw2"] } },
    new Map(),
    place,
  );

  expect(described).toMatchObject({ kind: "usable", artifact: { hardwareTypes: ["gw2"] } });
});
