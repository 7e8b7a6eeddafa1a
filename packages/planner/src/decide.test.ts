import { present } from "@moult/base";
import { HardwareType } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, type Decision } from "./decide.ts";
import type { AssignmentFacts, DeploymentFacts } from "./facts.ts";
import {
  artifact,
  artifactId,
  assignment,
  deployment,
  deploymentId,
  device,
  facts,
  HOLD,
  NO_ONE,
  NOW,
  openAssignment,
  planOf,
  reachedBy,
  version,
} from "./facts.fixture.ts";
import { PLACES, placeThreshold } from "./place.ts";

const kinds = (decision: Decision): readonly string[] =>
  decision.kind === "wait" ? decision.reasons.map(({ kind }) => kind) : [decision.kind];

const staged = planOf({ stages: [{ size: { percent: 10 } }, { size: { remaining: true } }] });
const ranked = (rank: number, eligible = 100) =>
  ({ census: { kind: "exact", eligible }, rank }) as const;

test("a device is offered the newest running deployment that targets it", () => {
  const answer = decide(
    facts({
      candidates: [
        deployment({ number: 3, version: version("3.0") }),
        deployment({ number: 2, version: version("2.0") }),
      ],
    }),
  );

  expect(answer).toMatchObject({
    kind: "offer",
    deployment: { id: deploymentId(3) },
    attempt: 1,
    claim: { deploymentId: deploymentId(3), openMax: 50, placesMax: null },
  });
});

test.each([
  ["pending", { device: device({ state: "pending" }) }, ["device-not-accepted"]],
  ["rejected", { device: device({ state: "rejected" }) }, ["device-not-accepted"]],
  ["cloned", { device: device({ hasIdentityConflict: true }) }, ["identity-conflict"]],
  ["held by a person", { device: device({ hold: HOLD }) }, ["device-held"]],
  [
    "waiting for a person to decide",
    { device: device({ undecided: "conf-2" }) },
    ["installation-undecided"],
  ],
  ["without any deployment", { candidates: [] }, ["no-deployment"]],
  ["outside every target", { candidates: [deployment({ isTarget: false })] }, ["not-in-target"]],
] as const)("a device that is %s is offered nothing", (_case, changes, reasons) => {
  expect(kinds(decide(facts(changes)))).toEqual(reasons);
});

test.each<[string, Partial<DeploymentFacts>, string]>([
  ["is paused", { state: "paused" }, "deployment-not-running"],
  ["has tripped", { state: "tripped" }, "deployment-not-running"],
  ["was aborted", { state: "aborted" }, "deployment-not-running"],
  ["is finished", { state: "finished" }, "deployment-not-running"],
  ["targets others", { isTarget: false }, "not-in-target"],
  ["has no artifact for the hardware", { artifacts: [] }, "no-artifact-for-hardware"],
  [
    "lies outside the device's path prefix",
    { artifacts: [artifact({ path: "gw2/dev/2.0/a.mender" })] },
    "outside-path-prefix",
  ],
  [
    "has a payload type the device cannot install",
    {
      artifacts: [
        artifact({
          payloads: [
            { type: "rootfs-image", files: [] },
            { type: "docker", files: [] },
          ],
        }),
      ],
    },
    "payload-type-unsupported",
  ],
  [
    "needs what the device does not have",
    { artifacts: [artifact({ depends: { "rootfs-image.version": ["1.5"] } })] },
    "depends-unmet",
  ],
])("a deployment that %s leaves the device to an older one", (_case, changes, reason) => {
  const newer = deployment({ number: 2, ...changes });

  expect(decide(facts({ candidates: [newer, deployment()] }))).toMatchObject({
    kind: "offer",
    deployment: { id: deploymentId(1) },
  });
  expect(kinds(decide(facts({ candidates: [newer] })))).toEqual([reason]);
});

test("a device that takes files without their artifact is offered those that can be had so", () => {
  const bare = { storedAt: 1_024, sha1: "ab".repeat(20), md5: "ab".repeat(16) };
  const file = { name: "fw.swu", sizeBytes: 1, sha256: artifact().sha256 };
  const traits = { ...present(device().traits, "it has some"), bareFiles: true };
  const told = (files: readonly object[]) =>
    decide(
      facts({
        device: device({ traits }),
        candidates: [
          deployment({
            artifacts: [artifact({ payloads: [{ type: "rootfs-image", files }] as never })],
          }),
        ],
      }),
    );

  expect(kinds(told([file]))).toEqual(["payload-not-bare"]);
  expect(told([{ ...file, bare }])).toMatchObject({ kind: "offer" });
});

test("a device whose turn has not come waits for the newer release instead of taking the older one", () => {
  const newer = deployment({ number: 2, plan: staged, standing: ranked(50) });
  const answer = decide(facts({ candidates: [newer, deployment()] }));

  expect(answer).toMatchObject({
    kind: "wait",
    isContended: false,
    reasons: [
      { kind: "stage-not-reached", deploymentId: deploymentId(2), stage: 0, admittedInStage: 1 },
      {
        kind: "superseded",
        deploymentId: deploymentId(1),
        byDeploymentId: deploymentId(2),
        because: "newer",
      },
    ],
  });
});

test("an older deployment does not take a device back from a newer one that brought it to its release", () => {
  const reached = [reachedBy(deployment({ number: 2, version: version("3.0") }))];
  const answer = decide(facts({ candidates: [deployment({ number: 1 })], reached }));

  expect(answer).toMatchObject({
    reasons: [{ kind: "superseded", byDeploymentId: deploymentId(2) }],
  });
});

test.each([
  [9, "offer"],
  [10, "stage-not-reached"],
])(
  "of 100 devices the one at rank %d gets: %s, while the first tenth is open",
  (rank, expected) => {
    const answer = decide(
      facts({ candidates: [deployment({ plan: staged, standing: ranked(rank) })] }),
    );

    expect(kinds(answer)).toEqual([expected]);
  },
);

test("a share that is full keeps out a device that joined later with a lower place", () => {
  const answer = decide(
    facts({
      candidates: [
        deployment({ plan: staged, standing: ranked(0), tally: { ...NO_ONE, admitted: 10 } }),
      ],
    }),
  );

  expect(answer).toMatchObject({ isContended: true, reasons: [{ kind: "stage-not-reached" }] });
});

test("a device that was taken out of the fleet gives its place to another", () => {
  const answer = decide(
    facts({
      candidates: [
        deployment({
          plan: staged,
          standing: ranked(0),
          tally: { ...NO_ONE, admitted: 10, aborted: 1 },
        }),
      ],
    }),
  );

  expect(answer).toMatchObject({ kind: "offer", claim: { placesMax: 10 } });
});

test("in a large target the place against the threshold decides, and the share is a cap", () => {
  const census = {
    kind: "estimated",
    eligible: 100_000,
    thresholds: [placeThreshold(10), PLACES],
    belowThreshold: [9_950, 100_000],
  } as const;
  const ask = (draw: number, admitted: number) =>
    kinds(
      decide(
        facts({
          device: device({ draw }),
          candidates: [
            deployment({
              plan: staged,
              salt: 1,
              standing: { census, rank: null },
              tally: { ...NO_ONE, admitted },
            }),
          ],
        }),
      ),
    );

  expect(ask(214_748_363, 0)).toEqual(["offer"]);
  expect(ask(214_748_364, 0)).toEqual(["stage-not-reached"]);
  expect(ask(1, 9_999)).toEqual(["offer"]);
  expect(ask(1, 10_000)).toEqual(["stage-not-reached"]);
});

test("the concurrent limit holds back the next device, also one that waits for its next try", () => {
  const full = {
    plan: planOf({ limits: { concurrentMax: 3 }, retry: { attemptsMax: 2 } }),
    tally: { ...NO_ONE, open: 3 },
  };

  for (const own of [null, assignment()])
    expect(decide(facts({ candidates: [deployment({ ...full, assignment: own })] }))).toMatchObject(
      { isContended: true, reasons: [{ kind: "concurrent-limit", limit: 3 }] },
    );
});

test("of the artifacts that fit, the smallest is offered; one whose depends are unmet is not", () => {
  const full = artifact({ id: artifactId(1), sizeBytes: 900_000 });
  const delta = artifact({
    id: artifactId(2),
    sizeBytes: 9_000,
    depends: { artifact_name: ["1.0"] },
  });
  const tiny = artifact({ id: artifactId(3), sizeBytes: 10, depends: { artifact_name: ["0.9"] } });
  const ask = (artifacts: DeploymentFacts["artifacts"]) =>
    decide(facts({ candidates: [deployment({ artifacts })] }));

  expect(ask([full, delta, tiny])).toMatchObject({ artifact: { id: artifactId(2) } });
  expect(ask([tiny, full])).toMatchObject({ artifact: { id: artifactId(1) } });
  expect(ask([tiny])).toMatchObject({
    reasons: [{ kind: "depends-unmet", name: "artifact_name", wanted: ["0.9"], provided: "1.0" }],
  });
});

test("a device that runs the release already is closed without an offer once its stage is open", () => {
  const running = { artifactName: "2.0", provides: {} };
  const ask = (changes: Partial<DeploymentFacts>) =>
    decide(facts({ device: device({ running }), candidates: [deployment(changes)] }));

  expect(ask({})).toMatchObject({ kind: "close-as-already-running", claim: { openMax: null } });
  // A partial update's depends are no longer met by what it made.
  expect(ask({ artifacts: [artifact({ depends: { artifact_name: ["1.0"] } })] })).toMatchObject({
    kind: "close-as-already-running",
  });
  expect(kinds(ask({ plan: staged, standing: ranked(50) }))).toEqual(["already-running"]);
});

test.each<[string, Partial<AssignmentFacts>, string]>([
  ["waits for its next try", { state: "retry-pending" }, "offer"],
  ["failed in all its tries", closedAs("failed", 2), "attempts-used"],
  ["failed in one try of two", closedAs("failed", 1), "offer"],
  ["was never heard of and had not begun", closedAs("silent", 2, "never-began"), "offer"],
  ["went silent in its last try", closedAs("silent", 2), "attempts-used"],
  ["refused the artifact", closedAs("rejected", 1), "attempts-used"],
  ["succeeded, and was set back by hand", closedAs("succeeded", 1), "attempts-used"],
  ["never begins", closedAs("silent", 22, "never-began"), "attempts-used"],
  [
    "could not reach the server in its trial",
    closedAs("rolled-back", 2, "server-unreachable"),
    "offer",
  ],
  ["lost the server by its trial", closedAs("rolled-back", 2, "connection-lost"), "attempts-used"],
  ["put it off for as long as it may", closedAs("aborted", 2, "held-too-long"), "offer"],
  ["was turned down by a person", closedAs("rejected", 1, "declined-by-person"), "attempts-used"],
])("a device whose assignment %s", (_case, own, expected) => {
  const candidates = [
    deployment({ plan: planOf({ retry: { attemptsMax: 2 } }), assignment: assignment(own) }),
  ];

  const answer = decide(facts({ candidates }));

  expect(kinds(answer)).toEqual([expected]);
  if (answer.kind === "offer") expect(answer.attempt).toBe((own.attempt ?? 1) + 1);
});

function closedAs(
  outcome: NonNullable<AssignmentFacts["outcome"]>,
  tries: number,
  code: string | null = null,
): Partial<AssignmentFacts> {
  const attempts = Array.from({ length: tries }, () => ({ outcome, code, endedAt: NOW }));
  return { state: "closed", outcome, attempt: tries, attempts };
}

test("a deployment that is over says what became of the device in it", () => {
  const failed = deployment({ state: "finished", assignment: assignment(closedAs("failed", 1)) });

  expect(decide(facts({ candidates: [failed] }))).toMatchObject({
    reasons: [{ kind: "attempts-used", attempts: 1, outcome: "failed" }],
  });
});

test("a device that is found to run what it was silent about is closed as running it", () => {
  const running = { artifactName: "2.0", provides: {} };
  const own = assignment(closedAs("silent", 1));

  expect(
    decide(
      facts({
        device: device({ running }),
        candidates: [deployment({ assignment: own, plan: staged })],
      }),
    ),
  ).toMatchObject({
    kind: "close-as-already-running",
    claim: { openMax: null, placesMax: null },
  });
});

test.each([
  ["running", "offered", "keep"],
  ["running", "proving", "keep"],
  ["paused", "offered", "keep"],
  ["paused", "installing", "keep"],
  ["tripped", "offered", "withdraw"],
  ["tripped", "downloading", "withdraw"],
  ["tripped", "installing", "keep"],
  ["tripped", "activating", "keep"],
  ["tripped", "rolling-back", "keep"],
  ["aborted", "offered", "withdraw"],
  ["aborted", "downloading", "withdraw"],
  ["aborted", "installing", "keep"],
  ["aborted", "proving", "keep"],
] as const)(
  "an update of a deployment that is %s, while %s: %s",
  (deploymentState, state, kind) => {
    const answer = decide(facts({ openAssignment: openAssignment({ deploymentState, state }) }));

    expect(answer.kind).toBe(kind);
    if (answer.kind === "withdraw")
      expect(answer.into).toBe(deploymentState === "aborted" ? "closed" : "retry-pending");
  },
);

test("a client that cannot abort keeps what it downloads, and loses what it never fetched", () => {
  const traits = { ...device().traits, canAbort: false } as NonNullable<
    ReturnType<typeof device>["traits"]
  >;
  const ask = (state: "offered" | "downloading") =>
    decide(
      facts({
        device: device({ traits }),
        openAssignment: openAssignment({ deploymentState: "aborted", state }),
      }),
    ).kind;

  expect([ask("offered"), ask("downloading")]).toEqual(["withdraw", "keep"]);
});

test("a clone in an update loses an offer that was not begun, and nothing that was", () => {
  const ask = (state: "offered" | "installing") =>
    decide(
      facts({
        device: device({ hasIdentityConflict: true }),
        openAssignment: openAssignment({ state }),
      }),
    ).kind;

  expect([ask("offered"), ask("installing")]).toEqual(["withdraw", "keep"]);
});

test("an idle device that runs the release of its open update has finished it", () => {
  const running = { artifactName: "2.0", provides: {} };
  const ask = (isIdle: boolean | null) =>
    decide(
      facts({
        device: device({ running, isIdle }),
        openAssignment: openAssignment({ state: "proving" }),
      }),
    ).kind;

  expect([ask(true), ask(false), ask(null)]).toEqual(["close-as-running", "keep", "keep"]);
});

test("a device keeps its place when it leaves the group it was admitted by", () => {
  const candidates = [deployment({ isTarget: false, plan: staged, assignment: assignment() })];

  expect(decide(facts({ candidates })).kind).toBe("offer");
});

test("the order in which artifacts were read does not change the answer", () => {
  const artifacts = [1, 2, 3, 4].map((number) =>
    artifact({ id: artifactId(number), sizeBytes: number < 3 ? 5 : 9 }),
  );
  fc.assert(
    fc.property(fc.shuffledSubarray(artifacts, { minLength: 4 }), (shuffled) => {
      expect(decide(facts({ candidates: [deployment({ artifacts: shuffled })] }))).toMatchObject({
        artifact: { id: artifactId(1) },
      });
    }),
  );
});

test("an offer is taken back before the install when the device turns out to be other hardware", () => {
  const board = HardwareType.parse("another-board");
  const answer = (state: "offered" | "downloading" | "installing") =>
    decide(
      facts({ device: device({ hardwareType: board }), openAssignment: openAssignment({ state }) }),
    );
  for (const state of ["offered", "downloading"] as const)
    expect(answer(state)).toMatchObject({
      kind: "withdraw",
      cause: "hardware-changed",
      into: "retry-pending",
    });
  expect(answer("installing")).toMatchObject({ kind: "keep" });
});
