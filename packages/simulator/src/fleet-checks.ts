import {
  decide,
  explain,
  isFailure,
  type DecideFacts,
  type Decision,
  type Fleet,
} from "@moult/planner";
import { isNamedSize, type Plan } from "@moult/model";
import type { FleetBroken } from "./fleet-invariants.ts";
import { count, type Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";

type FleetDevice = Fleet["devices"][number];

/** Watches the server's side of a fleet; what it counts it counts itself, from the rows. */
export class FleetChecks {
  broken: FleetBroken | null = null;

  readonly #tally: Tally;
  readonly #trace: Trace;
  readonly #reached = new Map<Fleet, Set<FleetDevice>>();

  constructor(tally: Tally, trace: Trace) {
    this.#tally = tally;
    this.#trace = trace;
  }

  break(invariant: FleetBroken["invariant"], detail: string): void {
    if (this.broken !== null) return;
    this.#trace.note(() => `BROKEN ${invariant}: ${detail}`);
    this.broken = { invariant, detail };
    count(this.#tally.broken, invariant);
  }

  /** Called whenever anything may have changed. */
  look({ devices, plan, stage, state }: Fleet, isBad: boolean): void {
    const rows = devices.flatMap(({ assignment }) => assignment ?? []);
    const open = rows.filter(({ state }) => state !== "closed" && state !== "retry-pending").length;
    if (open > plan.limits.concurrentMax)
      this.break(
        "no-limit-is-exceeded",
        `${open} devices are in the update, ${plan.limits.concurrentMax} may be`,
      );
    const taken = rows.filter(({ outcome }) => outcome !== "aborted").length;
    const share = shareOf(plan, stage, devices.length);
    if (taken > share)
      this.break(
        "no-limit-is-exceeded",
        `${taken} devices have a place in stage ${stage}, which has ${share}`,
      );
    const failed = rows.filter(({ outcome }) => outcome !== null && isFailure(outcome)).length;
    if (isBad && state === "running" && failed >= shareOf(plan, 0, devices.length))
      this.break(
        "a-bad-release-is-stopped",
        `all ${failed} devices of the first stage failed and it goes on`,
      );
  }

  /** `given` and `state` were before the decision. */
  decided(
    fleet: Fleet,
    device: FleetDevice,
    { state, given, isBad }: { state: Fleet["state"]; given: DecideFacts; isBad: boolean },
    decision: Decision,
  ): void {
    this.look(fleet, isBad);
    if (decision.kind === "offer") {
      if (state !== "running")
        this.break("who-stands-still-admits-nobody", `an offer was made while it was ${state}`);
      const reached = this.#reached.get(fleet) ?? new Set();
      this.#reached.set(fleet, reached.add(device));
      const first = shareOf(fleet.plan, 0, fleet.devices.length);
      if (isBad && reached.size > first)
        this.break(
          "a-bad-release-is-stopped",
          `${reached.size} devices were offered it, the first stage has ${first}`,
        );
    }
    if (decision.kind === "withdraw" && (state === "running" || state === "paused"))
      this.break("who-stands-still-admits-nobody", `an offer was taken back while it was ${state}`);
    this.#checkExplained(given, decision);
  }

  #checkExplained(given: DecideFacts, decision: Decision): void {
    const { reasons, earliest } = explain(given);
    const isSame =
      JSON.stringify(decide(given)) === JSON.stringify(decision) &&
      (decision.kind !== "wait" ||
        (earliest === decision.until &&
          JSON.stringify(reasons.map(({ reason }) => reason)) ===
            JSON.stringify(decision.reasons)));
    if (!isSame)
      this.break(
        "explain-says-what-decide-does",
        `${decision.kind} was answered, ${JSON.stringify(reasons)} was explained`,
      );
  }
}

/** How many devices may have a place, by the words of the documentation rather than by the planner's code. */
function shareOf({ stages }: Plan, stage: number, devices: number): number {
  const sizes = stages.slice(0, stage + 1).map(({ size }) => {
    if ("remaining" in size) return devices;
    if ("count" in size) return Math.min(size.count, devices);
    if (isNamedSize(size)) throw new TypeError("the plans of simulated fleets name nobody");
    return Math.max(1, Math.floor((devices * size.percent) / 100));
  });
  return Math.max(...sizes);
}
