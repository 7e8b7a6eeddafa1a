import { instant } from "@moult/base";
import { HardwareType, Sha256 } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { installRefusal, type InstallQuestion, type InstallRule } from "./install-refusal.ts";
import { isoInstantMs } from "./iso-instant.ts";
import { TargetCustom, targetCustom } from "./target-custom.ts";

const sha256 = Sha256.parse("ab".repeat(32));
const path = `gw2/prod/2.0/${sha256}.mender`;
const custom = TargetCustom.parse({
  version: "2.0",
  hardwareTypes: ["gw2-a", "gw2-b"],
  component: "main",
  format: "mender",
  securityCounter: 3,
  requires: { artifact_name: ["1.0", "1.1"] },
  conflicts: { "app.version": ["0.9"] },
  minAgent: "1.4.0",
  notBefore: "2026-12-01T00:00:00.000Z",
  headSha256: sha256,
  payloads: [{ type: "rootfs-image", files: [{ name: "root.ext4", sizeBytes: 7, sha256 }] }],
});
const fitting: InstallQuestion = {
  component: { name: "main", path, sizeBytes: 5120, sha256 },
  target: { path, length: 5120, hashes: { sha256 }, custom: { moult: custom } },
  custom,
  device: {
    pathPrefix: "gw2/prod/",
    hardwareType: HardwareType.parse("gw2-b"),
    securityCounter: 3,
    provides: { artifact_name: "1.1", "app.version": "1.0" },
    agentVersion: "1.4.0",
    now: isoInstantMs("2026-12-01T00:00:00Z") ?? instant(0),
  },
};

const component = (change: object): InstallQuestion => ({
  ...fitting,
  component: { ...fitting.component, ...change },
});
const target = (change: object): InstallQuestion => ({
  ...fitting,
  target: { ...fitting.target, ...change },
});
const signed = (change: object): InstallQuestion => ({
  ...fitting,
  custom: { ...custom, ...change },
});
const device = (change: object): InstallQuestion => ({
  ...fitting,
  device: { ...fitting.device, ...change },
});

test("what both sides agree on and what fits is installed", () => {
  expect(installRefusal(fitting)).toBeUndefined();
});

test.each<readonly [string, InstallRule, InstallQuestion]>([
  ["a target without Moult's fields", "custom-malformed", { ...fitting, custom: undefined }],
  ["another path", "other-path", component({ path: "gw2/prod/2.0/x.mender" })],
  ["a development build", "outside-path-prefix", device({ pathPrefix: "gw2/dev/" })],
  ["a device without a prefix", "outside-path-prefix", device({ pathPrefix: "" })],
  ["a shorter file", "other-length", component({ sizeBytes: 5119 })],
  ["another digest", "other-digest", component({ sha256: "cd".repeat(32) })],
  ["a target without SHA-256", "other-digest", target({ hashes: { sha512: "ab".repeat(64) } })],
  ["another part of the device", "other-component", component({ name: "modem" })],
  ["other hardware", "wrong-hardware", device({ hardwareType: "gw1" })],
  ["an epoch back", "security-counter-too-low", device({ securityCounter: 4 })],
  [
    "a version it does not start from",
    "requirement-not-met",
    device({ provides: { artifact_name: "0.1" } }),
  ],
  ["a device that says nothing of itself", "requirement-not-met", device({ provides: {} })],
  [
    "a requirement named as every object's own",
    "requirement-not-met",
    signed({ requires: { toString: ["x"] } }),
  ],
  [
    "what it must not meet",
    "conflict",
    device({ provides: { artifact_name: "1.0", "app.version": "0.9" } }),
  ],
  ["an agent before it", "agent-too-old", device({ agentVersion: "1.3.99" })],
  ["an agent of another numbering", "agent-too-old", device({ agentVersion: "nightly" })],
  ["the day before", "too-early", device({ now: instant(fitting.device.now - 1) })],
])("%s is refused as %s", (_what, rule, question) => {
  expect(installRefusal(question)).toBe(rule);
});

test.each([
  ["1.4.0", "1.4", true],
  ["1.4", "1.4.0", true],
  ["1.10.0", "1.9.9", true],
  ["2", "1.999999", true],
  ["1.3", "1.3.0.1", false],
  ["0.9.9", "1.0.0", false],
])("agent %s against at least %s: %s", (agentVersion, minAgent, isEnough) => {
  const question = { ...device({ agentVersion }), custom: { ...custom, minAgent } };
  expect(installRefusal(question)).toBe(isEnough ? undefined : "agent-too-old");
});

test("an equal or higher counter never refuses, a lower one always", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (own, offered) => {
      const question = {
        ...device({ securityCounter: own }),
        custom: { ...custom, securityCounter: offered },
      };
      const expected = offered < own ? "security-counter-too-low" : undefined;
      expect(installRefusal(question)).toBe(expected);
    }),
  );
});

test.each([
  ["a counter below 0", { securityCounter: -1 }],
  ["a counter beyond 2^53", { securityCounter: 2 ** 53 }],
  ["no hardware", { hardwareTypes: [] }],
  ["another format", { format: "raw" }],
  ["a day that does not exist", { notBefore: "2026-02-30T00:00:00Z" }],
  ["a digest of no bytes", { headSha256: "" }],
  ["an agent that is no number", { minAgent: "latest" }],
])("signed fields with %s count as none", (_what, change) => {
  const { moult } = { moult: { ...custom, ...change } };
  expect(targetCustom({ custom: { moult } })).toBeUndefined();
  expect(targetCustom({ custom: { moult: custom } })).toEqual(custom);
});

test("a target without custom fields has none of Moult's", () => {
  expect(targetCustom({})).toBeUndefined();
  expect(targetCustom({ custom: { other: {} } })).toBeUndefined();
});
