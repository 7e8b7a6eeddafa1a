import { HOUR_MS, instant, later, type InstantMs } from "@moult/base";
import type { ClientTraits } from "@moult/model";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { explain } from "./explain.ts";
import type { DecideFacts, DeviceFacts, SignedTerms } from "./facts.ts";
import {
  artifact,
  artifactId,
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
import { NO_RULES } from "./version-rules.ts";

const OPEN: SignedTerms = { securityCounter: 3, conflicts: {}, minAgent: null, notBefore: null };
const at = (ms: InstantMs) => ({ at: ms, text: new Date(ms).toISOString() });
const SOON = later(NOW, HOUR_MS);

const signed = (terms: Partial<SignedTerms>) =>
  artifact({ trust: { state: "published" }, terms: { ...OPEN, ...terms } });
const strict = (traits: Partial<ClientTraits> = {}, changes: Partial<DeviceFacts> = {}) => {
  const { traits: before } = device();
  return device({ traits: { ...before!, trust: "end-to-end", ...traits }, ...changes });
};
const facing = (
  terms: Partial<SignedTerms>,
  of = strict(),
  changes: Partial<DecideFacts> = {},
): DecideFacts =>
  facts({ device: of, candidates: [deployment({ artifacts: [signed(terms)] })], ...changes });

test("a release that may not be installed yet is offered from its instant on, and the answer says when", () => {
  const early = facing({ notBefore: at(SOON) });
  const until = new Date(SOON).toISOString();
  expect(decide(early)).toEqual({
    kind: "wait",
    isContended: false,
    until: SOON,
    reasons: [{ kind: "too-early", deploymentId: deploymentId(1), until }],
  });
  expect(explain(early)).toMatchObject({
    summary: expect.stringContaining("and the device waits until then"),
    earliest: SOON,
  });
  expect(decide({ ...early, now: instant(SOON - 1) })).toMatchObject({ kind: "wait" });
  expect(decide({ ...early, now: SOON })).toMatchObject({ kind: "offer" });
});

test("while a release waits for its instant, no older one goes before it", () => {
  const candidates = [
    deployment({
      number: 2,
      version: version("3.0"),
      artifacts: [signed({ notBefore: at(SOON) })],
    }),
    deployment({ number: 1, artifacts: [signed({})] }),
  ];
  expect(decide(facts({ device: strict(), candidates }))).toMatchObject({
    kind: "wait",
    until: SOON,
    reasons: [{ kind: "too-early" }, { kind: "superseded" }],
  });
});

test("of artifacts that wait for their instants, the first to come counts; one that may be installed goes at once", () => {
  const late = { ...signed({ notBefore: at(later(SOON, HOUR_MS)) }), id: artifactId(2) };
  const soon = { ...signed({ notBefore: at(SOON) }), id: artifactId(3) };
  const large = { ...signed({}), id: artifactId(4), sizeBytes: 1_000_000 };
  const decided = (artifacts: readonly (typeof late)[]) =>
    decide(facts({ device: strict(), candidates: [deployment({ artifacts })] }));
  expect(decided([late, soon])).toMatchObject({ kind: "wait", until: SOON });
  expect(decided([soon, late])).toMatchObject({ kind: "wait", until: SOON });
  expect(decided([late, soon, large])).toMatchObject({ kind: "offer", artifact: { id: large.id } });
});

const KEPT_OUT: readonly (readonly [
  who: string,
  terms: Partial<SignedTerms>,
  of: DeviceFacts,
  reason: object,
])[] = [
  [
    "an agent that is too old",
    { minAgent: "0.1.1" },
    strict(),
    { kind: "agent-too-old", minAgent: "0.1.1", agent: "0.1.0" },
  ],
  [
    "a device that has run a release with a higher counter",
    {},
    strict({ securityCounter: 4 }),
    { kind: "security-counter-too-low", releaseCounter: 3, deviceCounter: 4 },
  ],
  [
    "a device that has what the release conflicts with",
    { conflicts: { "rootfs-image.version": ["0.9", "1.0"] } },
    strict(),
    { kind: "conflict", name: "rootfs-image.version", value: "1.0" },
  ],
  [
    "a device that runs the artifact that the release conflicts with",
    { conflicts: { artifact_name: ["1.0"] } },
    strict(),
    { kind: "conflict", name: "artifact_name", value: "1.0" },
  ],
];
test.each(KEPT_OUT)(
  "%s is not offered what it would refuse, and an older deployment may help",
  (...row) => {
    const [, terms, of, reason] = row;
    const alone = facing(terms, of);
    expect(decide(alone)).toMatchObject({ kind: "wait", until: null, reasons: [reason] });
    expect(explain(alone).earliest).toBeNull();

    const candidates = [
      deployment({ number: 2, version: version("3.0"), artifacts: [signed(terms)] }),
      deployment({ number: 1, artifacts: [signed({ securityCounter: 9 })] }),
    ];
    expect(decide(facts({ device: of, candidates }))).toMatchObject({
      kind: "offer",
      deployment: { id: deploymentId(1) },
    });
  },
);

test.each([
  ["the agent that is asked for", { minAgent: "0.1" }, strict()],
  [
    "a client of another kind, whose versions nobody knows",
    { minAgent: "9" },
    strict({ client: "other/1" }),
  ],
  ["a device with the release's counter", {}, strict({ securityCounter: 3 })],
  ["a device that has not told its counter", { securityCounter: 0 }, strict()],
  ["a device with another value", { conflicts: { "rootfs-image.version": ["0.9"] } }, strict()],
  [
    "a device that has not told what it runs",
    { conflicts: { x: ["1"] } },
    strict({}, { running: null }),
  ],
])("%s is offered the release", (_, terms, of) => {
  expect(decide(facing(terms, of))).toMatchObject({ kind: "offer" });
});

test("a client that does not read what offline keys signed is not held to it", () => {
  const of = strict({ trust: "payload-signed", securityCounter: 9 });
  expect(decide(facing({ notBefore: at(SOON), minAgent: "9" }, of))).toMatchObject({
    kind: "offer",
  });
});

test("a device is told the first thing that it would refuse by", () => {
  const of = strict({ securityCounter: 4 });
  expect(decide(facing({ notBefore: at(SOON), minAgent: "9" }, of))).toMatchObject({
    reasons: [{ kind: "security-counter-too-low" }],
    until: null,
  });
});

test("an offer whose terms were signed anew is taken back while nothing was installed", () => {
  const taken = (state: "offered" | "installing") =>
    decide(
      facts({
        device: strict(),
        openAssignment: openAssignment({ state, artifact: signed({ notBefore: at(SOON) }) }),
      }),
    );
  expect(taken("offered")).toMatchObject({
    kind: "withdraw",
    cause: "terms-changed",
    into: "retry-pending",
  });
  expect(taken("installing")).toMatchObject({ kind: "keep" });
});

test("a preview says that a release waits for its instant", () => {
  const brought = {
    deploymentId: deploymentId(1),
    version: version("2.0"),
    plan: planOf(),
    artifacts: [signed({ notBefore: at(SOON) })],
    rules: NO_RULES,
    safeguard: null,
  };
  expect(previewFor(strict(), { ...brought, now: NOW })).toMatchObject({
    kind: "cannot",
    reason: { kind: "too-early" },
  });
  expect(previewFor(strict(), { ...brought, now: SOON })).toMatchObject({ kind: "gets" });
});
