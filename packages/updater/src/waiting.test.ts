import { instant } from "@moult/base";
import { describe, expect, test } from "vitest";
import { effects } from "./effects.ts";
import {
  HOLDS_MAX,
  type Hold,
  type HoldPoint,
  type StepWindows,
  type UpdateMode,
} from "@moult/model";
import { holdsOf, type DeviceContext, type HoldPolicy } from "./holds-of.ts";
import { next, recover } from "./next.ts";
import { anUpdate, someFacts, standalone, stateOf } from "./update-state.fixture.ts";
import type { Job, UpdateState } from "./update-state.ts";

const HOUR_MS = 3_600_000;
const NOON = instant(Date.UTC(2027, 0, 15, 12));

const QUIET: DeviceContext = {
  isBusy: null,
  isDriving: null,
  isMetered: null,
  batteryPercent: null,
  isOnPower: null,
  holds: [],
  failures: [],
};
const POLICY: HoldPolicy = {
  busy: ["install", "reboot"],
  driving: ["install", "reboot"],
  metered: ["download"],
  battery: ["install", "reboot"],
  batteryPercentMin: 30,
  other: ["download", "install", "reboot"],
  unknown: ["install", "reboot"],
  consent: null,
};
const POINTS = ["download", "install", "reboot"] as const;

/** The codes that hold before each step. */
const codes = (context: Partial<DeviceContext>, policy: Partial<HoldPolicy> = {}, yes = false) =>
  POINTS.map((before) =>
    holdsOf(before, anUpdate(), { ...POLICY, ...policy }, { ...QUIET, ...context }, yes, NOON).map(
      ({ code }) => code,
    ),
  );

describe("a device is held", () => {
  test.each<[string, Partial<DeviceContext>, readonly (readonly string[])[]]>([
    ["by nothing that nobody said", {}, [[], [], []]],
    ["by nothing that is not so", { isBusy: false, isDriving: false }, [[], [], []]],
    ["while it is busy", { isBusy: true }, [[], ["busy"], ["busy"]]],
    ["while it is driven", { isDriving: true }, [[], ["driving"], ["driving"]]],
    ["from a download that costs money", { isMetered: true }, [["metered-connection"], [], []]],
    ["by a low battery", { batteryPercent: 29 }, [[], ["battery-low"], ["battery-low"]]],
    ["by no battery that is full enough", { batteryPercent: 30 }, [[], [], []]],
    ["by no battery while on power", { batteryPercent: 3, isOnPower: true }, [[], [], []]],
    [
      "by reasons of its own",
      { holds: [{ code: "oven-hot", detail: "240 degrees" }] },
      [["oven-hot"], ["oven-hot"], ["oven-hot"]],
    ],
    [
      "while its circumstances are unknown",
      { failures: ["car.sh hangs."] },
      [[], ["context-unknown"], ["context-unknown"]],
    ],
  ])("%s", (_, context, expected) => {
    expect(codes(context)).toEqual(expected);
  });

  test("until a person says yes to the step that the policy names, and to no other", () => {
    expect(codes({}, { consent: "install" })).toEqual([[], ["consent-needed"], []]);
    expect(codes({}, { consent: "install" }, true)).toEqual([[], [], []]);
  });

  test("by nothing when a person at the device installs a file", () => {
    const policy = { ...POLICY, consent: "install" } as const;
    expect(holdsOf("install", standalone, policy, { ...QUIET, isBusy: true }, false, NOON)).toEqual(
      [],
    );
  });

  test("by a bounded list that says each thing once and never leaves out the person", () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      code: `reason-${index % 20}`,
      detail: "x".repeat(1_000),
    }));
    const policy = { ...POLICY, consent: "install" } as const;
    const holds = holdsOf("install", anUpdate(), policy, { ...QUIET, holds: many }, false, NOON);

    expect(holds).toHaveLength(HOLDS_MAX);
    expect(new Set(holds.map(({ code }) => code)).size).toBe(HOLDS_MAX);
    expect(holds.at(-1)?.code).toBe("consent-needed");
    expect(holds.every(({ detail }) => detail.length <= 200)).toBe(true);
  });
});

const BUSY: Hold = { code: "busy", detail: "The device is busy." };
const readiness = (before: HoldPoint, ...holds: readonly Hold[]) =>
  ({ kind: "readiness", before, holds }) as const;
const kinds = ["waiting-to-download", "waiting-to-install", "waiting-to-reboot"] as const;
const pointOf = { [kinds[0]]: "download", [kinds[1]]: "install", [kinds[2]]: "reboot" } as const;
const waiting = (kind: (typeof kinds)[number], job: Partial<Job> = {}): UpdateState =>
  stateOf(kind, job);

describe.each(kinds)("a device that is %s", (kind) => {
  const before = pointOf[kind];
  const at = (monotonicMs: number) => someFacts({ monotonicMs });

  test("asks what holds it, and how long it may still wait", () => {
    expect(effects(waiting(kind))).toEqual([
      { kind: "await-deadline", atMs: 86_405_000 },
      { kind: "await-readiness", before, update: anUpdate(), hasConsent: false },
    ]);
  });

  test("tells once what holds it, and again when that changes", () => {
    const held = next(waiting(kind), readiness(before, BUSY), at(6_000));
    expect(held).toMatchObject({ kind, holds: [BUSY] });
    expect(effects(held)[0]).toMatchObject({
      kind: "report",
      report: { kind: "deferred", before, holds: [BUSY], sequence: 4 },
    });
    // Told in other words is no news.
    const sameReason = readiness(before, { ...BUSY, detail: "It is still busy." });
    expect(next(held, sameReason, at(7_000))).toBe(held);

    const other = next(held, readiness(before, { code: "driving", detail: "d" }), at(8_000));
    expect(effects(other)[0]).toMatchObject({
      report: { sequence: 5, holds: [{ code: "driving" }] },
    });
  });

  test("does not count how often it was asked or started as steps of its update", () => {
    let state = waiting(kind, { steps: 5 });
    for (let times = 0; times < 100; times += 1) {
      const code = times % 2 === 0 ? "busy" : "driving";
      state = next(state, readiness(before, { code, detail: code }), at(6_000 + times));
      state = recover(state, at(0));
    }
    expect(state.kind).toBe(kind);
    if ("job" in state) expect(state.job.steps).toBe(5);
  });

  test("is not asked about another step", () => {
    const state = waiting(kind);
    const other = POINTS.find((point) => point !== before) ?? "download";
    expect(next(state, readiness(other), at(6_000))).toBe(state);
  });

  test("has the time it waited counted over starts, to the hour", () => {
    const held = next(waiting(kind), readiness(before, BUSY), at(6_000));
    const later = next(held, readiness(before, BUSY), at(6_000 + 2 * HOUR_MS));
    expect(later).not.toBe(held);

    // And says that it still waits, so that the server does not take it for silent.
    expect(effects(later)[0]).toMatchObject({ report: { kind: "deferred", sequence: 5 } });

    const started = recover(later, at(100));
    expect(effects(started)[0]).toEqual(effects(later)[0]);
    expect(started).toMatchObject({
      kind,
      holds: [BUSY],
      deadlineMs: 100 + 86_405_000 - 6_000 - 2 * HOUR_MS,
    });
  });

  test("asks anew when a person said yes", () => {
    const state = next(waiting(kind), { kind: "consented" }, at(6_000));
    expect(effects(state).at(-1)).toMatchObject({ kind: "await-readiness", hasConsent: true });
    expect(next(state, { kind: "consented" }, at(6_000))).toBe(state);
  });

  test("goes on after its longest wait when only the unknown holds it", () => {
    const unknown = readiness(before, { code: "context-unknown", detail: "car.sh hangs." });
    const held = next(waiting(kind), unknown, at(6_000));
    expect(next(held, { kind: "deadline-passed" }, at(86_405_000)).kind).toBe(
      { download: "downloading", install: "installing", reboot: "rebooting" }[before],
    );
  });
});

describe("the longest wait", () => {
  test.each(["waiting-to-download", "waiting-to-install"] as const)(
    "%s ends in an abort that names what held",
    (kind) => {
      const held = next(waiting(kind), readiness(pointOf[kind], BUSY), someFacts());
      const after = next(held, { kind: "deadline-passed" }, someFacts());
      const reporting = next(after, { kind: "cleaned-up" }, someFacts());

      expect(effects(reporting)).toMatchObject([
        {
          report: {
            outcome: "aborted",
            code: "held-too-long",
            detail: expect.stringContaining("busy (The device is busy.)"),
          },
        },
      ]);
    },
  );

  test("waiting-to-reboot ends in the reboot: half an update is no place to stay", () => {
    const held = next(waiting("waiting-to-reboot"), readiness("reboot", BUSY), someFacts());
    expect(next(held, { kind: "deadline-passed" }, someFacts())).toMatchObject({
      kind: "rebooting",
      bootId: "boot-1",
    });
  });
});

describe("a device that was told windows", () => {
  const windows: StepWindows = {
    install: [
      { fromMs: NOON - 2 * HOUR_MS, untilMs: NOON - HOUR_MS },
      { fromMs: NOON, untilMs: NOON + HOUR_MS },
    ],
    reboot: [],
  };
  const told = { ...anUpdate(), windows };
  const held = (before: HoldPoint, now: number) =>
    holdsOf(before, told, POLICY, QUIET, false, instant(now));

  test("installs in them only, and says when the next one opens", () => {
    expect(held("install", NOON - 1)).toEqual([
      {
        code: "outside-window",
        detail: "The next window of the plan opens at 2027-01-15 12:00 UTC.",
      },
    ]);
    expect(held("install", NOON)).toEqual([]);
    expect(held("install", NOON + HOUR_MS - 1)).toEqual([]);
    expect(held("install", NOON - 90 * 60_000)).toEqual([]);
  });

  test("asks for further ones when all that it was told of are over", () => {
    expect(held("install", NOON + HOUR_MS).map(({ code }) => code)).toEqual(["window-unknown"]);
    expect(held("reboot", NOON).map(({ code }) => code)).toEqual(["window-unknown"]);
  });

  test("is not held from what it has begun, or was told nothing of", () => {
    expect(held("download", NOON - 1)).toEqual([]);
    expect(holdsOf("install", anUpdate(), POLICY, QUIET, false, NOON)).toEqual([]);
  });

  const outside = readiness("install", { code: "outside-window", detail: "At noon." });
  const at = (monotonicMs: number) => someFacts({ monotonicMs });

  test("waits for a window however long that takes, and says each hour that it does", () => {
    let state = next(waiting("waiting-to-install"), outside, at(6_000));
    for (let day = 1; day <= 10; day += 1) {
      const now = day * 24 * HOUR_MS + 10_000;
      const hourly = next(state, outside, at(now - HOUR_MS));
      expect(effects(hourly)[0]).toMatchObject({ report: { kind: "deferred" } });
      state = next(hourly, { kind: "deadline-passed" }, at(now));
      expect(state).toMatchObject({
        kind: "waiting-to-install",
        leftMs: 24 * HOUR_MS,
        deadlineMs: now + 24 * HOUR_MS,
      });
    }
  });

  test("has its longest wait for reasons of its own before it once the window is open", () => {
    const first = next(waiting("waiting-to-install"), outside, at(6_000));
    const busy = next(first, readiness("install", BUSY), at(23 * HOUR_MS));
    expect(busy).toMatchObject({ holds: [BUSY], deadlineMs: 47 * HOUR_MS });
    expect(next(busy, { kind: "deadline-passed" }, at(47 * HOUR_MS)).kind).toBe("cleaning-up");
  });

  test("takes what it is told anew of the same update, and asks again at once", () => {
    for (const kind of kinds) {
      const state = waiting(kind);
      const again = next(state, { kind: "offered", update: told }, at(6_000));
      expect(effects(again).at(-1)).toMatchObject({ kind: "await-readiness", update: { windows } });
      expect(next(again, { kind: "offered", update: { ...told } }, at(7_000))).toBe(again);
      // What asked for it stays what was obeyed.
      const { instruction } = anUpdate();
      expect(effects(again).at(-1)).toMatchObject({ update: { instruction } });
      expect(
        effects(next(again, { kind: "offered", update: anUpdate() }, at(8_000))).at(-1),
      ).toEqual(effects(state).at(-1));
    }
  });

  test("takes nothing of another update, or of another try", () => {
    for (const update of [{ ...told, attempt: 2 }, standalone]) {
      const state = waiting("waiting-to-install");
      expect(next(state, { kind: "offered", update }, at(6_000))).toBe(state);
    }
  });
});

describe("an update that its plan has a mode for", () => {
  const everything: DeviceContext = {
    ...QUIET,
    isBusy: true,
    isDriving: true,
    isMetered: true,
    batteryPercent: 3,
    holds: [{ code: "oven-hot", detail: "240 degrees" }],
    failures: ["car.sh hangs."],
  };
  const eager: HoldPolicy = { ...POLICY, metered: POINTS, consent: "reboot" };
  const held = (mode: UpdateMode, before: HoldPoint, hasConsent = false) =>
    holdsOf(before, { ...anUpdate(), mode }, eager, everything, hasConsent, NOON).map(
      ({ code }) => code,
    );
  const optional = ["driving", "busy", "battery-low", "metered-connection", "oven-hot"];
  const harm = ["driving", "battery-low", "context-unknown"];

  test("waits for a person's yes to the installation where the plan asks for it", () => {
    const mode = { consent: true, forceFromMs: null };
    const all = [...optional, "context-unknown"];
    expect(held(mode, "install")).toEqual([...all, "consent-needed"]);
    expect(held(mode, "install", true)).toEqual(all);
  });

  test("is held by what keeps the device from harm alone, once it is forced", () => {
    for (const consent of [true, false])
      expect(held({ consent, forceFromMs: NOON }, "install")).toEqual(harm);
    expect(held({ consent: false, forceFromMs: NOON + 1 }, "install")).toEqual([
      ...optional,
      "context-unknown",
    ]);
    // Whom the device's own configuration asks is asked all the same.
    expect(held({ consent: false, forceFromMs: 0 }, "reboot")).toEqual([...harm, "consent-needed"]);
  });

  const downloadOnly = { consent: false, forceFromMs: null, downloadOnly: true } as const;
  const closed = { ...anUpdate(), mode: downloadOnly };
  const heldBack = (before: HoldPoint) =>
    holdsOf(before, closed, POLICY, QUIET, true, NOON).map(({ code }) => code);

  test("is not installed while that is not open, and held from nothing else", () => {
    expect(POINTS.map(heldBack)).toEqual([[], ["installation-not-open"], []]);
    const notOpen = holdsOf("install", closed, POLICY, QUIET, true, NOON);
    let state = next(
      waiting("waiting-to-install", { update: closed }),
      readiness("install", ...notOpen),
      someFacts({ monotonicMs: 6_000 }),
    );
    expect(effects(state)[0]).toMatchObject({ report: { kind: "deferred", before: "install" } });
    for (let day = 1; day <= 30; day += 1) {
      const now = day * 24 * HOUR_MS + 10_000;
      state = next(state, { kind: "deadline-passed" }, someFacts({ monotonicMs: now }));
      expect(state).toMatchObject({ kind: "waiting-to-install", deadlineMs: now + 24 * HOUR_MS });
    }
    const opened = next(state, { kind: "offered", update: anUpdate() }, someFacts());
    expect(effects(opened).at(-1)).toMatchObject({ kind: "await-readiness" });
    expect(next(opened, readiness("install"), someFacts()).kind).toBe("installing");
  });

  test("is not installed by a device that cannot be asked before that is open", () => {
    const state = waiting("waiting-to-install", { update: closed });
    const failure = { code: "agent-fault", detail: "It cannot be asked." } as const;
    const unasked = { kind: "effect-failed", effect: "await-readiness", failure } as const;
    for (const event of [unasked, readiness("install")] as const)
      expect(next(state, event, someFacts())).toBe(state);
    const opened = next(state, { kind: "offered", update: anUpdate() }, someFacts());
    expect(next(opened, unasked, someFacts()).kind).toBe("installing");
  });

  test("keeps to its windows also when it is forced", () => {
    const update = {
      ...anUpdate(),
      mode: { consent: false, forceFromMs: 0 },
      windows: { install: [{ fromMs: NOON + 1, untilMs: NOON + 2 }] },
    };
    expect(holdsOf("install", update, POLICY, QUIET, false, NOON).map(({ code }) => code)).toEqual([
      "outside-window",
    ]);
  });

  test("takes another mode that it is told while it waits", () => {
    const mode = { consent: false, forceFromMs: 0 };
    const state = waiting("waiting-to-install");
    const told = next(state, { kind: "offered", update: { ...anUpdate(), mode } }, someFacts());
    expect(effects(told).at(-1)).toMatchObject({ kind: "await-readiness", update: { mode } });
  });
});

describe("a person's no", () => {
  test.each(["waiting-to-download", "waiting-to-install"] as const)(
    "%s ends in a rejection",
    (kind) => {
      const after = next(waiting(kind), { kind: "declined" }, someFacts());
      expect(effects(next(after, { kind: "cleaned-up" }, someFacts()))).toMatchObject([
        { report: { outcome: "rejected", code: "declined-by-person" } },
      ]);
    },
  );

  test("waiting-to-reboot takes back what can be taken back, and else comes too late", () => {
    const back = next(waiting("waiting-to-reboot"), { kind: "declined" }, someFacts());
    expect(back).toMatchObject({
      kind: "rolling-back",
      job: { verdict: { failure: { code: "declined-by-person" } } },
    });

    const state = waiting("waiting-to-reboot", { supportsRollback: false });
    expect(next(state, { kind: "declined" }, someFacts())).toBe(state);
  });
});

describe("the server's silence while new software is on trial", () => {
  const silent = () =>
    next(
      { ...stateOf("proving"), stage: "server" },
      { kind: "deadline-passed" },
      someFacts({ monotonicMs: 65_000 }),
    );
  const takenBack = () => {
    const back = next(silent(), { kind: "rolled-back", reboots: ["none"] }, someFacts());
    return next(back, { kind: "rollback-verified" }, someFacts({ monotonicMs: 9_000 }));
  };

  test("is looked into by the old software, with a deadline of its own", () => {
    const asking = takenBack();
    expect(asking).toMatchObject({
      kind: "asking-server",
      job: { verdict: { rollback: "succeeded" } },
    });
    expect(effects(asking)).toMatchObject([
      { kind: "await-deadline", atMs: 69_000 },
      { kind: "reach-server" },
    ]);
  });

  test.each([
    ["the release's fault when the old software is heard", "server-reached", "connection-lost"],
    ["nobody's fault when it is not", "deadline-passed", "server-unreachable"],
  ] as const)("is %s", (_, kind, code) => {
    const failing = next(takenBack(), { kind }, someFacts());
    const cleaning = next(failing, { kind: "failure-handled" }, someFacts());
    const reporting = next(cleaning, { kind: "cleaned-up" }, someFacts());
    expect(effects(reporting)).toMatchObject([{ report: { outcome: "rolled-back", code } }]);
  });

  test("is not asked about after another failure", () => {
    const back = stateOf("verifying-rollback");
    expect(next(back, { kind: "rollback-verified" }, someFacts()).kind).toBe("failing");
  });

  test("does not make a device inconsistent that loses power again and again while it asks", () => {
    let state = takenBack();
    for (let starts = 0; state.kind === "asking-server"; starts += 1) {
      expect(starts).toBeLessThan(30);
      state = recover(state, someFacts({ bootId: `boot-${starts}` }));
    }
    expect(state).toMatchObject({
      kind: "cleaning-up",
      running: { artifactName: "old-1" },
      verdict: { failure: { code: "server-unreachable" }, rollback: "succeeded" },
    });
  });
});
