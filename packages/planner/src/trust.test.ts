import type { ClientTraits } from "@moult/model";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { explain } from "./explain.ts";
import type { ArtifactFacts } from "./facts.ts";
import {
  artifact,
  deployment,
  deploymentId,
  device,
  facts,
  NOW,
  openAssignment,
  planOf,
  version,
} from "./facts.fixture.ts";
import { previewFor } from "./preview.ts";
import { trustLevelOf } from "./trust-level.ts";
import { NO_RULES } from "./version-rules.ts";

const traitsOf = (trust: ClientTraits["trust"]): ClientTraits => ({
  client: "moult-agent/0.1.0",
  payloadTypes: ["rootfs-image"],
  pathPrefix: "gw2/prod/",
  canAbort: true,
  trust,
});
const strict = device({ traits: traitsOf("end-to-end") });
const signed = (state: ArtifactFacts["trust"]["state"]) => [artifact({ trust: { state } })];

test.each([
  ["unsigned", "release-not-signed"],
  ["proposed", "release-not-signed"],
  ["expired", "trust-expired"],
] as const)(
  "what is %s waits for its signers, and no older release goes before it",
  (state, kind) => {
    const answer = decide(
      facts({
        device: strict,
        candidates: [
          deployment({ number: 2, version: version("3.0"), artifacts: signed(state) }),
          deployment({ number: 1, artifacts: signed("published") }),
        ],
      }),
    );

    expect(answer).toMatchObject({
      kind: "wait",
      isContended: false,
      reasons: [{ kind, deploymentId: deploymentId(2) }, { kind: "superseded" }],
    });
  },
);

test("what offline keys signed is offered", () => {
  const candidates = [deployment({ artifacts: signed("published") })];
  expect(decide(facts({ device: strict, candidates }))).toMatchObject({ kind: "offer" });
});

test.each(["payload-signed", "server-trusted"] as const)(
  "a client that checks %s alone does not wait for offline keys",
  (trust) => {
    const candidates = [deployment({ artifacts: signed("unsigned") })];
    const facing = facts({ device: device({ traits: traitsOf(trust) }), candidates });
    expect(decide(facing)).toMatchObject({ kind: "offer" });
  },
);

test("a device that cannot take the release anyway is told that, not that it is not signed", () => {
  const unsigned = artifact({
    trust: { state: "unsigned" },
    payloads: [{ type: "docker", files: [] }],
  });
  const candidates = [deployment({ artifacts: [unsigned] })];
  expect(decide(facts({ device: strict, candidates }))).toMatchObject({
    reasons: [{ kind: "payload-type-unsupported" }],
  });
});

test("an offer that offline keys no longer vouch for is taken back while nothing was installed", () => {
  const [retired = artifact()] = signed("unsigned");
  const taken = (state: "offered" | "installing") =>
    decide(facts({ device: strict, openAssignment: openAssignment({ state, artifact: retired }) }));
  expect(taken("offered")).toMatchObject({
    kind: "withdraw",
    cause: "release-not-signed",
    into: "retry-pending",
  });
  expect(taken("installing")).toMatchObject({ kind: "keep" });
});

test("a preview and the answer to why say the same", () => {
  const artifacts = signed("unsigned");
  expect(
    previewFor(strict, {
      deploymentId: deploymentId(1),
      version: version("2.0"),
      plan: planOf(),
      artifacts,
      rules: NO_RULES,
      safeguard: null,
      now: NOW,
    }),
  ).toMatchObject({ kind: "cannot", reason: { kind: "release-not-signed" } });
  const { summary } = explain(facts({ device: strict, candidates: [deployment({ artifacts })] }));
  expect(summary).toContain("offline keys");
});

test("a device's level is what its client says that it verifies, in words", () => {
  expect(trustLevelOf({ ...traitsOf("end-to-end"), rootVersion: 3 })).toMatchObject({
    level: "end-to-end",
    rootVersion: 3,
    why: expect.stringContaining("cannot install software"),
  });
  expect(trustLevelOf(traitsOf("server-trusted"))).toMatchObject({ level: "server-trusted" });
  expect(trustLevelOf(traitsOf("payload-signed"))).toMatchObject({ level: "payload-signed" });
  expect(trustLevelOf(null)).toMatchObject({ level: "unknown", rootVersion: null });
});
