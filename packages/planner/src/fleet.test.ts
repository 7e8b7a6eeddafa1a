import {
  canonicalText,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  later,
  present,
  unreachable,
  type InstantMs,
} from "@moult/base";
import type {
  AssignmentState,
  DeploymentState,
  OnTrip,
  Plan,
  StageSize,
  Window,
} from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pendingApproval } from "./approvals.ts";
import { brokenLimits } from "./check-plan.ts";
import { countedAs } from "./counted-as.ts";
import { nextTryAt } from "./attempts.ts";
import { decide, type Decision } from "./decide.ts";
import { holdAt } from "./device-hold.ts";
import type { DecideFacts } from "./facts.ts";
import { explain } from "./explain.ts";
import { HOLD, planOf, SAFEGUARD } from "./facts.fixture.ts";
import { checkEarliest } from "./earliest.fixture.ts";
import {
  brokenByOffer,
  brokenSites,
  ramps,
  flowLimits,
  newDevice,
  startFleet,
} from "./fleet.fixture.ts";
import { isUnderWay } from "./assignment-transitions.ts";
import {
  approve,
  cancel,
  censusOf,
  checkIn,
  end,
  factsOf,
  openNextStage,
  operate,
  progress,
  remove,
  retry,
  wait,
  withdrawApproval,
  type Fleet,
} from "./memory-fleet.ts";
import { placeOf, PLACES } from "./place.ts";
import { sentenceOf } from "./reason-sentences.ts";
import { recordDecision } from "./recorded-inputs.ts";
import { replay } from "./replay.ts";
import { lastStage, shareSizes, stageOfDevice } from "./stage-share.ts";
import { UTC_ZONES, windowFacts } from "./windows.ts";

const draw = fc.integer({ min: 1, max: PLACES - 1 });
const HOUR_SECONDS = 3_600;
const size = fc.oneof(
  fc.record({ percent: fc.integer({ min: 1, max: 99 }) }),
  fc.record({ count: fc.integer({ min: 1, max: 20 }) }),
);
const advanceRule = fc.record(
  {
    successPercent: fc.constantFrom(50, 80, 100),
    afterSeconds: fc.constantFrom(60, HOUR_SECONDS),
    maxWaitSeconds: fc.constantFrom(HOUR_SECONDS, 10 * HOUR_SECONDS),
    manual: fc.constant(true as const),
  },
  { requiredKeys: ["successPercent"] },
);
/** A fleet starts at 08:00 UTC. */
const windowAt = (at: string): Window => ({
  for: ["download"],
  at,
  durationMinutes: 240,
  zone: "UTC",
});
const isIn = ({ at, durationMinutes }: Window, now: InstantMs): boolean =>
  (now - Number(at.slice(0, 2)) * HOUR_MS + DAY_MS) % DAY_MS < durationMinutes * MINUTE_MS;
const approvals = fc.record({ required: fc.integer({ min: 1, max: 2 }) });
const plan: fc.Arbitrary<Plan> = fc
  .record({
    stages: fc.array(
      fc.record(
        { size, advance: advanceRule, approvals, ramp: ramps },
        { requiredKeys: ["size", "advance"] },
      ),
      { maxLength: 4 },
    ),
    lastApprovals: fc.option(approvals, { nil: undefined, freq: 9 }),
    count: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    concurrentMax: fc.integer({ min: 1, max: 8 }),
    flow: flowLimits,
    onTrip: fc.constantFrom("pause", "cancel-queued", "cancel-all", "roll-back"),
    windows: fc
      .constantFrom(null, null, "07:00", "21:00")
      .map((at) => (at === null ? undefined : [windowAt(at)])),
    retry: fc.record({
      attemptsMax: fc.integer({ min: 1, max: 3 }),
      backoffSeconds: fc.constantFrom(0, 0, 600),
    }),
  })
  .map(({ stages, lastApprovals, count, concurrentMax, flow, onTrip, retry, windows }) => {
    const errorStop = count === undefined ? {} : { errorStop: { count } };
    return planOf({
      stages: [
        ...rising(stages).map((stage) => ({ ...stage, ...errorStop })),
        {
          size: { remaining: true },
          ramp: stages.at(-1)?.ramp,
          ...(lastApprovals === undefined ? {} : { approvals: lastApprovals }),
          ...errorStop,
        },
      ],
      limits: { concurrentMax, ...flow },
      retry,
      onTrip,
      windows,
    });
  });

/** Those that are larger than the ones of their kind before them. */
function rising<Stage extends { readonly size: StageSize }>(stages: readonly Stage[]): Stage[] {
  const kept: Stage[] = [];
  for (const stage of stages) {
    const isLarger = kept.every(({ size: before }) =>
      "percent" in before && "percent" in stage.size
        ? stage.size.percent > before.percent
        : !("count" in before && "count" in stage.size) || stage.size.count > before.count,
    );
    if (isLarger) kept.push(stage);
  }
  return kept;
}

const action = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("check-in"), at: fc.nat() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("end"),
      at: fc.nat(),
      outcome: fc.constantFrom(
        "succeeded",
        "succeeded",
        "failed",
        "rolled-back",
        "rejected",
        "silent",
      ),
      code: fc.constantFrom(null, null, "server-unreachable"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("progress"),
      at: fc.nat(),
      move: fc.constantFrom("downloading", "installing", "proving"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join"), draw }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave"), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove"), at: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait"),
      ms: fc.constantFrom(1_000, 60_000, 3_600_000, 36_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("open-stage") }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("approve", "approve", "approve", "withdraw-approval"),
      at: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("cancel", "retry", "force", "exclude", "include"),
      at: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("hold"),
      at: fc.nat(),
      forMs: fc.constantFrom(null, 1_000, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release"), at: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("safeguard"),
      at: fc.nat(),
      isHolding: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("operate"),
      move: fc.constantFrom("pause", "resume", "resume", "resume", "abort"),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

const fleets = fc.record({
  plan,
  salt: draw,
  draws: fc.uniqueArray(draw, { minLength: 1, maxLength: 30 }),
  actions: fc.array(action, { minLength: 20, maxLength: 150 }),
});

/** Carries out one action and checks what must hold at that instant. */
function act(fleet: Fleet, step: Action): void {
  if (step.kind === "operate") {
    operate(fleet, step.move);
    return;
  }
  if (step.kind === "wait") {
    wait(fleet, step.ms);
    return;
  }
  if (step.kind === "open-stage") {
    openNextStage(fleet);
    return;
  }
  if (step.kind === "join") {
    if (fleet.devices.every((device) => device.draw !== step.draw))
      fleet.devices.push(newDevice(step.draw));
    return;
  }
  const device = present(fleet.devices[step.at % fleet.devices.length], "a fleet has devices");
  switch (step.kind) {
    case "check-in":
      checkInAndCheck(fleet, fleet.devices.indexOf(device));
      return;
    case "end":
      end(fleet, device, step.outcome, step.code);
      return;
    case "progress":
      progress(device, step.move);
      return;
    case "leave":
      device.isMember = false;
      // What that makes of the deployment is seen at once.
      wait(fleet, 0);
      return;
    case "approve":
      approve(fleet, step.at % fleet.plan.stages.length);
      return;
    case "withdraw-approval":
      withdrawApproval(fleet, step.at % fleet.plan.stages.length);
      return;
    case "remove":
      remove(fleet, device);
      return;
    case "cancel":
      cancel(fleet, device);
      return;
    case "retry":
      retry(fleet, device);
      return;
    case "force":
      device.isForced = true;
      return;
    case "hold":
      device.hold = {
        ...HOLD,
        since: fleet.now,
        until: step.forMs === null ? null : later(fleet.now, step.forMs),
      };
      return;
    case "release":
      device.hold = null;
      return;
    case "safeguard":
      device.safeguard = step.isHolding ? SAFEGUARD : null;
      return;
    case "exclude":
    case "include":
      device.isExcluded = step.kind === "exclude";
      wait(fleet, 0);
      return;
    default:
      unreachable(step);
  }
}

function checkInAndCheck(fleet: Fleet, index: number): void {
  const device = present(fleet.devices[index], "the device exists");
  const given = factsOf(fleet, device);
  const { state, stage } = fleet;
  const { isForced } = device;
  const wasAdmitted = device.assignment !== null && device.assignment.outcome !== "aborted";
  const wasOffered = device.assignment !== null;

  const decision = checkIn(fleet, device);

  expect(decide(given), "the same facts give the same answer").toEqual(decision);
  if (decision.kind !== "wait") {
    const written: unknown = JSON.parse(canonicalText(recordDecision(given, decision)));
    expect(replay(written), "also from their text").toEqual({ kind: "same" });
  }
  if (decision.kind === "offer") {
    checkApproved(fleet, given, wasAdmitted);
    expect(brokenByOffer(fleet, decision), "no limit over time is exceeded").toEqual([]);
    expect(state, "only a running deployment makes an offer").toBe("running");
    expect(given.candidates[0]?.safeguard, "what is kept from a device is not offered").toBeNull();
    expect(holdAt(given.device, fleet.now), "a held device is offered nothing").toBeNull();
    expect(device.isExcluded && !wasOffered, "nothing new is offered to an excluded one").toBe(
      false,
    );
    const due = nextTryAt(given.candidates[0]?.assignment?.attempts ?? [], fleet.plan);
    if (!isForced) expect(due ?? 0, "nobody tries again too soon").toBeLessThanOrEqual(fleet.now);
    if (!isForced && fleet.plan.windows !== undefined)
      expect(
        fleet.plan.windows.some((window) => isIn(window, fleet.now)),
        "nobody begins outside of the windows",
      ).toBe(true);
    if (!isForced && !wasAdmitted && fleet.forcedOffers === 0 && stage < lastStage(fleet.plan))
      expect(
        fleet.counts.admitted + fleet.counts.alreadyRunning - fleet.counts.aborted,
        "no share is exceeded",
      ).toBeLessThanOrEqual(
        present(
          shareSizes(fleet.plan, censusOf(fleet).eligible, censusOf(fleet).named)[stage],
          "it is in the plan",
        ),
      );
  }
  if (decision.kind === "wait") {
    expect(decision.reasons.length, "every no has a reason").toBeGreaterThan(0);
    for (const reason of decision.reasons) expect(sentenceOf(reason)).toMatch(/\.$/);
    checkEarliest(fleet, index, decision);
    if (wasAdmitted && device.isAccepted)
      expect(decision.reasons[0]?.kind, "who was admitted stays admitted").not.toBe(
        "stage-not-reached",
      );
  }
  checkExplained(given, decision);
}

/** Nobody gets in, sent ahead or not, before people approved all that lets it in. */
function checkApproved(fleet: Fleet, given: DecideFacts, wasAdmitted: boolean): void {
  const [candidate] = given.candidates;
  if (wasAdmitted || candidate === undefined || candidate.standing === null) return;
  const place = placeOf(given.device.draw, fleet.salt);
  const own = candidate.isForced ? stageOfDevice(fleet.plan, candidate.standing, place) : 0;
  const pending = pendingApproval(fleet.plan, fleet.approvals);
  expect(pending?.stage ?? Infinity, "what lets it in is approved").toBeGreaterThan(
    Math.max(own, candidate.isForced ? 0 : candidate.stage),
  );
}

/** What is explained is what is decided: the same reasons in the same order, and the same instant. */
function checkExplained(given: DecideFacts, decision: Decision): void {
  const explained = explain(given);
  expect(explained.summary).toMatch(/^[A-Z].*\.$/);
  if (decision.kind !== "wait") return;
  expect(explained.reasons.map(({ reason }) => reason)).toEqual(decision.reasons);
  expect(explained.earliest).toBe(decision.until);
}

function checkNumbers(fleet: Fleet): void {
  const { plan: given, stage, counts, devices, forcedOffers } = fleet;
  // Who was sent ahead is beyond the limit, and nobody else is.
  const open = Math.max(0, counts.open - forcedOffers);
  expect(brokenLimits(given, { stage, open, admitted: counts.admitted })).toEqual([]);
  expect(brokenSites(fleet), "sites are counted, and have no more than they may").toEqual([]);
  const assignments = devices.flatMap(({ assignment }) => assignment ?? []);
  for (const counter of ["open", "succeeded", "failed", "silent", "aborted"] as const)
    expect(counts[counter], `${counter} counts the rows`).toBe(
      assignments.filter((assignment) => countedAs(assignment) === counter).length,
    );
}

test("whatever happens, no limit is exceeded, nobody loses a place, and every no has a reason", () => {
  fc.assert(
    fc.property(fleets, ({ plan: given, salt, draws, actions }) => {
      const fleet = startFleet(given, salt, draws);
      for (const step of actions) {
        act(fleet, step);
        checkNumbers(fleet);
      }
    }),
    { numRuns: 400 },
  );
});

test("a fleet of good devices gets a good release, whatever happened before, once it is let run", () => {
  fc.assert(
    fc.property(fleets, ({ plan: given, salt, draws, actions }) => {
      const fleet = startFleet(given, salt, draws);
      for (const step of actions)
        if (step.kind !== "operate" || step.move !== "abort") act(fleet, step);
      // Who joins a deployment that is finished has missed it.
      if (fleet.state === "finished") return;

      const window = windowFacts(fleet.plan, "download", {}, UTC_ZONES, fleet.now);
      if (window.kind === "closed") wait(fleet, window.opensAt - fleet.now);
      // Enough rounds for one device at a time, and for an operator who lets pass what failed.
      let state: DeploymentState = fleet.state;
      for (let round = 0; round < 100 && state !== "finished"; round += 1) {
        if (state !== "running" || round % 10 === 9) {
          operate(fleet, "pause");
          operate(fleet, "resume");
        }
        for (const device of fleet.devices) {
          device.hold = null;
          device.safeguard = null;
          // What a person took back a person gives again.
          if (device.assignment?.isCancelled === true) retry(fleet, device);
          checkIn(fleet, device);
          end(fleet, device, "succeeded", null);
        }
        // What waits for time or for a person gets it.
        wait(fleet, DAY_MS);
        const pending = pendingApproval(fleet.plan, fleet.approvals);
        if (pending !== null) approve(fleet, pending.stage);
        if (round % 2 === 1) openNextStage(fleet);
        ({ state } = fleet);
      }

      const targets = fleet.devices.filter(({ isMember, isExcluded }) => isMember && !isExcluded);
      if (targets.length > 0) expect(state).toBe("finished");
      for (const { assignment } of targets) expect(assignment?.state).toBe("closed");
    }),
    { numRuns: 200 },
  );
});

/** What a trip takes back, by what the plan says of it. */
function takenBackBy(onTrip: OnTrip): readonly AssignmentState[] {
  if (onTrip === "pause") return [];
  const queued = ["offered", "downloading"] as const;
  return onTrip === "cancel-all" ? [...queued, "installing", "activating"] : queued;
}

test("a deployment that tripped makes no offer and takes back what its plan says", () => {
  fc.assert(
    fc.property(fleets, ({ plan: given, salt, draws, actions }) => {
      const fleet = startFleet(given, salt, draws);
      for (const step of actions) act(fleet, step);
      operate(fleet, "trip");
      if (fleet.state !== "tripped") return;

      for (const device of fleet.devices) {
        const before = device.assignment?.state;
        const decision = checkIn(fleet, device);
        expect(decision.kind).not.toBe("offer");
        const isHeld = holdAt(device, fleet.now) !== null;
        const queued = before === "offered" || before === "downloading";
        const isTakenBack =
          before !== undefined &&
          (takenBackBy(given.onTrip).includes(before) ||
            ((isHeld || device.safeguard !== null) && queued));
        if (isTakenBack) expect(device.assignment?.state).toBe("retry-pending");
        else if (before !== undefined && isUnderWay(before)) expect(decision.kind).toBe("keep");
      }
    }),
    { numRuns: 200 },
  );
});

test("devices that join later are held to the same shares", () => {
  const fleet = startFleet(
    planOf({ stages: [{ size: { percent: 10 } }, { size: { remaining: true } }] }),
    77,
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  const offerAll = () => fleet.devices.filter((device) => checkIn(fleet, device).kind === "offer");

  expect(offerAll()).toHaveLength(2);
  for (let late = 0; late < 20; late += 1) fleet.devices.push(newDevice(1_000_003 * (late + 1)));
  const admittedLater = offerAll().length;

  expect(fleet.counts.admitted).toBeLessThanOrEqual(4);
  expect(admittedLater).toBeLessThanOrEqual(2);
});
