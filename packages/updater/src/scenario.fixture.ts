import { seededRandom } from "@moult/base";
import type { Effect } from "./effect.ts";
import type { FailureCode } from "./failure-code.ts";
import type { UpdateEvent } from "./update-event.ts";
import type { RebootNeed } from "./update-state.ts";

/** A world, drawn from a seed; a fault that is 0 never happens in it. */
export interface Scenario {
  readonly reboot: RebootNeed;
  readonly supportsRollback: boolean;
  /** Chance that one run of an effect fails, by effect; 1 is "never works". */
  readonly failures: Partial<Record<Effect["kind"], number>>;
  /** Chance per step that power is cut; half of the cuts come when the effect's work is done but not yet known. */
  readonly cut: number;
  /** Share of the cuts that end the agent alone, so that the machine stays in the same boot. */
  readonly agentOnly: number;
  /** Chance that the bootloader falls back to the old system. */
  readonly fallback: number;
  /** Chance per step that the server cannot be reached. */
  readonly serverDown: number;
  /** Chance per question that something holds the device. */
  readonly held: number;
  readonly withdraw: number;
  readonly attemptsMax: number;
  /** Cut power right after the saves with these numbers, whatever else happens. */
  readonly cutAfterSaves: ReadonlySet<number>;
}

/** Swarm: each fault is off in most worlds and strong in some, so that every mix is met. */
export function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed ^ 0x5eed);
  const sometimes = (most: number): number =>
    random.fraction() < 0.5 ? 0 : random.fraction() * most;
  const failures: Partial<Record<Effect["kind"], number>> = {};
  for (const kind of FALLIBLE) {
    if (random.fraction() < 0.15) failures[kind] = random.fraction() < 0.3 ? 1 : random.fraction();
  }
  return {
    reboot: (["none", "system", "installer"] as const)[Math.floor(random.fraction() * 3)] ?? "none",
    supportsRollback: random.fraction() < 0.8,
    failures,
    cut: sometimes(0.3),
    agentOnly: sometimes(1),
    fallback: sometimes(1),
    serverDown: sometimes(1),
    held: sometimes(0.9),
    withdraw: sometimes(0.2),
    attemptsMax: 3,
    cutAfterSaves: new Set(),
  };
}

const FALLIBLE: readonly Effect["kind"][] = [
  "await-readiness",
  "download",
  "unpack",
  "install",
  "activate",
  "reboot",
  "verify-activation",
  "check-health",
  "reach-server",
  "commit",
  "leave-commit",
  "roll-back",
  "reboot-rollback",
  "verify-rollback",
  "handle-failure",
  "clean-up",
];

const CODES: Partial<Record<Effect["kind"], FailureCode>> = {
  download: "signature-invalid",
  unpack: "artifact-invalid",
  "check-health": "health-check-failed",
  commit: "commit-failed",
};

/** How an effect fails in these worlds. */
export function failure(effect: Effect): UpdateEvent {
  const code = CODES[effect.kind] ?? "install-failed";
  return { kind: "effect-failed", effect: effect.kind, failure: { code, detail: effect.kind } };
}
