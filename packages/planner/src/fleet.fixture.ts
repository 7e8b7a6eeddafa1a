import { assert, instant, present, unreachable } from "@moult/base";
import type { DeploymentState, Outcome, Plan, Tally } from "@moult/model";
import { advance, failuresOf, finishedOf } from "./advance.ts";
import { afterAttempt } from "./attempts.ts";
import { assignmentStep, isBeforeInstall, isUnderWay } from "./assignment-transitions.ts";
import { countedAs } from "./counted-as.ts";
import { decide, type Claim, type Decision } from "./decide.ts";
import { deploymentStep, type DeploymentMove } from "./deployment-transitions.ts";
import {
  assignmentId,
  deployment as deploymentFacts,
  device as deviceFacts,
  facts,
  NO_ONE,
  openAssignment,
  version,
} from "./facts.fixture.ts";
import type { AssignmentFacts, Census, DecideFacts, Standing } from "./facts.ts";
import { placeOf } from "./place.ts";

// One deployment and its devices, moved by the same rules as the server's tables: claims, counters, transitions.

export interface FleetDevice {
  readonly draw: number;
  isMember: boolean;
  isAccepted: boolean;
  runs: string;
  assignment: Writable<AssignmentFacts> | null;
}

export interface Fleet {
  readonly plan: Plan;
  readonly salt: number;
  readonly devices: FleetDevice[];
  state: DeploymentState;
  stage: number;
  waived: { failed: number; finished: number };
  counts: Writable<Omit<Tally, "eligible">>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export function startFleet(plan: Plan, salt: number, draws: readonly number[]): Fleet {
  const devices = draws.map((draw) => newDevice(draw));
  const waived = { failed: 0, finished: 0 };
  return { plan, salt, devices, state: "running", stage: 0, waived, counts: { ...NO_ONE } };
}

export const newDevice = (draw: number): FleetDevice => ({
  draw,
  isMember: true,
  isAccepted: true,
  runs: "1.0",
  assignment: null,
});

export function censusOf({ devices }: Fleet): Census {
  return { kind: "exact", eligible: devices.filter(({ isMember }) => isMember).length };
}

function standingOf(fleet: Fleet, device: FleetDevice): Standing {
  const place = placeOf(device.draw, fleet.salt);
  const rank = fleet.devices.filter(
    (other) => other.isMember && placeOf(other.draw, fleet.salt) < place,
  ).length;
  return { census: censusOf(fleet), rank };
}

export function factsOf(fleet: Fleet, device: FleetDevice): DecideFacts {
  const { assignment } = device;
  const { state: deploymentState, plan, stage, salt } = fleet;
  return facts({
    device: deviceFacts({
      draw: device.draw,
      state: device.isAccepted ? "accepted" : "decommissioned",
      running: { artifactName: device.runs, provides: {} },
    }),
    openAssignment:
      assignment !== null && isUnderWay(assignment.state)
        ? openAssignment({ state: assignment.state, deploymentState, attempt: assignment.attempt })
        : null,
    candidates: [
      deploymentFacts({
        state: deploymentState,
        plan,
        stage,
        salt,
        tally: { ...fleet.counts },
        isTarget: device.isMember,
        assignment: assignment === null ? null : { ...assignment },
        standing: standingOf(fleet, device),
      }),
    ],
  });
}

/** Moves a device's assignment, and the counters with it. */
function moveTo(
  fleet: Fleet,
  device: FleetDevice,
  change: Pick<AssignmentFacts, "state" | "outcome"> & { readonly attempt?: number },
): void {
  const before = device.assignment === null ? null : countedAs(device.assignment);
  const after = countedAs(change);
  if (before !== null) fleet.counts[before] -= 1;
  if (after !== null) fleet.counts[after] += 1;
  const own = device.assignment ?? { id: assignmentId(1), attempt: 0, attempts: [] };
  device.assignment = { ...own, ...change };
}

function claim(fleet: Fleet, { openMax, placesMax }: Claim): boolean {
  const { open, admitted, alreadyRunning, aborted } = fleet.counts;
  return (
    fleet.state === "running" &&
    (openMax === null || open < openMax) &&
    (placesMax === null || admitted + alreadyRunning - aborted < placesMax)
  );
}

/** One check-in; answers what was decided. */
export function checkIn(fleet: Fleet, device: FleetDevice): Decision {
  const decision = decide(factsOf(fleet, device));
  switch (decision.kind) {
    case "offer":
      assert(claim(fleet, decision.claim), "facts of this instant can be claimed");
      if (device.assignment === null) fleet.counts.admitted += 1;
      moveTo(fleet, device, { state: "offered", outcome: null, attempt: decision.attempt });
      break;
    case "close-as-already-running":
      assert(claim(fleet, decision.claim), "facts of this instant can be claimed");
      moveTo(fleet, device, {
        state: "closed",
        outcome: device.assignment === null ? "already-running" : "succeeded",
      });
      break;
    case "close-as-running":
      end(fleet, device, "succeeded", null);
      break;
    case "withdraw":
      endTry(device, "aborted", "withdrawn");
      moveTo(fleet, device, {
        state: decision.into,
        outcome: decision.into === "closed" ? "aborted" : null,
      });
      break;
    case "keep":
    case "wait":
      return decision;
    default:
      return unreachable(decision);
  }
  settle(fleet);
  return decision;
}

function endTry(device: FleetDevice, outcome: Outcome, code: string | null): void {
  const own = present(device.assignment, "only an assignment has tries");
  own.attempts = [...own.attempts, { outcome, code }];
}

/** The device ends its try, or the server does, of a silent one. */
export function end(
  fleet: Fleet,
  device: FleetDevice,
  outcome: Outcome,
  code: string | null,
): void {
  const own = device.assignment;
  if (own === null || !isUnderWay(own.state)) return;
  const charged = outcome === "silent" && own.state === "offered" ? "never-began" : code;
  endTry(device, outcome, charged);
  const follows =
    outcome === "silent"
      ? "close"
      : afterAttempt({ outcome, code: charged }, own.attempts, fleet.plan, fleet.state);
  moveTo(
    fleet,
    device,
    follows === "retry" ? { state: "retry-pending", outcome: null } : { state: "closed", outcome },
  );
  if (outcome === "succeeded") device.runs = version("2.0");
  settle(fleet);
}

export function progress(
  device: FleetDevice,
  move: "downloading" | "installing" | "proving",
): void {
  const own = device.assignment;
  if (own === null) return;
  const step = assignmentStep(own.state, move);
  if (step !== "ignored" && step !== "refused") own.state = step;
}

export function operate(fleet: Fleet, move: DeploymentMove): void {
  const state = deploymentStep(fleet.state, move);
  if (state === null) return;
  fleet.state = state;
  if (move === "resume")
    fleet.waived = { failed: failuresOf(fleet.counts), finished: finishedOf(fleet.counts) };
  settle(fleet);
}

/** Takes a device out of the fleet: whatever it has not ended is over, and its place is free. */
export function remove(fleet: Fleet, device: FleetDevice): void {
  device.isMember = false;
  device.isAccepted = false;
  const own = device.assignment;
  if (own === null || own.state === "closed") return;
  if (isUnderWay(own.state))
    endTry(device, "aborted", isBeforeInstall(own.state) ? "withdrawn" : "device-removed");
  moveTo(fleet, device, { state: "closed", outcome: "aborted" });
  settle(fleet);
}

function settle(fleet: Fleet): void {
  const { plan, state, stage, waived, counts, devices } = fleet;
  const isAnyoneLeft = devices.some(
    ({ isMember, assignment }) => isMember && assignment?.state !== "closed",
  );
  const events = advance(
    { plan, state, stage, waivedFailed: waived.failed, waivedFinished: waived.finished },
    { counts, census: censusOf(fleet), isAnyoneLeft },
    instant(0),
  );
  for (const event of events) {
    if (event.kind === "stage-advanced") fleet.stage = event.stage;
    else if (event.kind === "tripped") fleet.state = "tripped";
    else fleet.state = "finished";
  }
}
