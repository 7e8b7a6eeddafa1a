import { expect, test } from "vitest";
import { artifact, artifactId, deploymentId, device, NOW, version } from "./facts.fixture.ts";
import type { ArtifactFacts, SafeguardFacts, SignedTerms } from "./facts.ts";
import { rollbackObstacle } from "./rollback.ts";
import { NO_RULES } from "./version-rules.ts";

const terms = (securityCounter: number): SignedTerms => ({
  securityCounter,
  conflicts: {},
  minAgent: null,
  notBefore: null,
});
const about = { deploymentId: deploymentId(1), now: NOW };
const obstacleOf = (
  update: Partial<ArtifactFacts>,
  back: Partial<ArtifactFacts> | null,
  of = device(),
  rules = NO_RULES,
  safeguard: SafeguardFacts | null = null,
) =>
  rollbackObstacle(
    of,
    { version: "2.0", artifact: artifact(update) },
    back === null
      ? null
      : {
          version: version("1.0"),
          artifacts: [artifact({ id: artifactId(2), ...back })],
          rules,
          safeguard,
        },
    about,
  );

test("a device goes back to a release that is here, signed, and no weaker", () => {
  expect(obstacleOf({ terms: terms(3) }, { terms: terms(3) })).toBeNull();
});

test.each([
  ["is not here", {}, null, "no-release"],
  ["is not signed", {}, { trust: { state: "unsigned" } }, "release-not-signed"],
  ["is no longer signed", {}, { trust: { state: "expired" } }, "trust-expired"],
  [
    "has a lower security counter than the update leaves on devices",
    { terms: terms(4) },
    { terms: terms(3) },
    "security-counter-too-low",
  ],
  [
    "depends on what the update takes away",
    { clearsProvides: ["rootfs-image.*"], provides: { "rootfs-image.version": "2.0" } },
    { depends: { "rootfs-image.version": ["1.0"] } },
    "depends-unmet",
  ],
] as const)("a release that %s is no way back", (_case, update, back, kind) => {
  expect(obstacleOf(update as never, back as never)).toMatchObject({ kind });
});

test("a partial way back is one, where the update provides what it depends on", () => {
  expect(
    obstacleOf(
      { clearsProvides: ["rootfs-image.*"], provides: { "rootfs-image.checksum": "b" } },
      { depends: { "rootfs-image.checksum": ["b"], artifact_name: ["2.0"] } },
    ),
  ).toBeNull();
});

test("a way back has rules too: it may be for newer releases than the one that is taken back", () => {
  const rules = { ...NO_RULES, minimumFrom: version("3.0") };
  expect(obstacleOf({}, {}, device(), rules)).toMatchObject({
    kind: "minimum-version",
    minimumFrom: "3.0",
    runs: "2.0",
  });
  expect(
    obstacleOf({}, {}, device(), { ...NO_RULES, mustPassThrough: [version("1.5")] }),
  ).toBeNull();
});
