import type { Fates } from "./fates.ts";
import { termsOf } from "./fault-levels.ts";
import type { Broken } from "./invariants.ts";
import { plannedPower } from "./power.ts";
import { createImages, type Behaviour } from "./release.ts";
import type { PayloadKind, Scenario } from "./scenario.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";
import { simulate, type Platform } from "./simulate.ts";

/** One update in an untroubled world, which is then cut everywhere. */
export interface ExhaustiveCase {
  readonly name: string;
  readonly payloads: readonly [PayloadKind, ...PayloadKind[]];
  readonly behaviour: Behaviour;
}

export const EXHAUSTIVE_CASES: readonly ExhaustiveCase[] = [
  { name: "a system", payloads: ["slot"], behaviour: "good" },
  { name: "a system that is ill", payloads: ["slot"], behaviour: "unhealthy" },
  { name: "a system that cannot be loaded", payloads: ["slot"], behaviour: "no-kernel" },
  { name: "a system that hangs", payloads: ["slot"], behaviour: "hangs-early" },
  { name: "a system that panics", payloads: ["slot"], behaviour: "panics" },
  { name: "an application", payloads: ["app"], behaviour: "good" },
  { name: "a module that reboots", payloads: ["module"], behaviour: "unhealthy" },
  { name: "a system and an application", payloads: ["slot", "app"], behaviour: "good" },
];

export interface ExhaustiveResult {
  readonly name: string;
  /** Moments at which power may go in the untroubled run. */
  readonly moments: number;
  readonly runs: number;
  /** Different ones among what the runs' cuts left; each was followed to its end. */
  readonly states: number;
  /** Moments whose outcomes were too many to try all. */
  readonly sampled: number;
  readonly findings: readonly (Broken & { readonly moment: number; readonly choices: string })[];
}

export interface ExhaustiveOptions {
  readonly platform: Platform;
  readonly what: ExhaustiveCase;
  readonly shipped?: Shipped;
  /** Every how many moments. */
  readonly stride?: number;
  /** Power goes once more, this many moments after each first cut. */
  readonly again?: readonly number[];
}

/** Changes of which every subset is tried: two to this power of outcomes. */
const PENDING_MAX = 8;
const RUNS_PER_MOMENT_MAX = 256;

/**
 * Cuts power at each moment of one update, with every outcome that the cut can have: each subset of what was not synced,
 * each content that a file can be found with.
 */
export async function exploreCuts(options: ExhaustiveOptions): Promise<ExhaustiveResult> {
  const { platform, what, shipped = SHIPPED, stride = 1, again = [] } = options;
  const images = createImages(platform.sha256);
  const scenario = calmScenario(what);
  const seen = new Set<string>();
  let pruned = 0;
  const run = (cuts: readonly number[], fates: () => Fates) => {
    let cutsSoFar = 0;
    return simulate({
      platform,
      seed: 1,
      scenario,
      shipped,
      images,
      power: plannedPower(new Set(cuts)),
      fates,
      isNews: (digest) => {
        cutsSoFar += 1;
        // Which of the cuts is still to come belongs to what follows.
        if (cutsSoFar !== cuts.length) return true;
        const isNew = !seen.has(digest);
        seen.add(digest);
        if (!isNew) pruned += 1;
        return isNew;
      },
    });
  };
  const { moments } = await run([], () => fatesOn(new ChoiceTape()));

  const findings: ExhaustiveResult["findings"][number][] = [];
  let runs = 0;
  let sampled = 0;
  for (let moment = 1; moment <= moments; moment += stride)
    for (const cuts of [[moment], ...again.map((later) => [moment, moment + later])]) {
      const tape = new ChoiceTape();
      let tries = 0;
      do {
        tries += 1;
        const { broken } = await run(cuts, () => fatesOn(tape));
        if (broken !== null) findings.push({ ...broken, moment, choices: tape.text });
      } while (tape.advance() && tries < RUNS_PER_MOMENT_MAX);
      runs += tries;
      if (tries === RUNS_PER_MOMENT_MAX) sampled += 1;
    }
  return { name: what.name, moments, runs, states: runs - pruned, sampled, findings };
}

/** Choices in the order in which a run makes them; each run makes one other than the run before. */
class ChoiceTape {
  readonly #choices: { value: number; readonly count: number }[] = [];
  #position = 0;

  choose(count: number): number {
    const known = this.#choices[this.#position];
    this.#position += 1;
    if (known !== undefined) return Math.min(known.value, count - 1);
    this.#choices.push({ value: 0, count });
    return 0;
  }

  /** On to the next combination; false when all were made. */
  advance(): boolean {
    this.#choices.length = Math.min(this.#choices.length, this.#position);
    this.#position = 0;
    for (let last = this.#choices.at(-1); last !== undefined; last = this.#choices.at(-1)) {
      last.value += 1;
      if (last.value < last.count) return true;
      this.#choices.pop();
    }
    return false;
  }

  get text(): string {
    return this.#choices.map(({ value }) => value).join("");
  }
}

const fatesOn = (tape: ChoiceTape): Fates => ({
  granuleBytes: Number.MAX_SAFE_INTEGER,
  damages: () => false,
  choose: (count) => tape.choose(count),
  surviving: (count) => {
    if (count <= PENDING_MAX) return Array.from({ length: count }, () => tape.choose(2) === 1);
    // Too many for all subsets: the first ones, in order, up to each of them.
    const first = tape.choose(count + 1);
    return Array.from({ length: count }, (_, index) => index < first);
  },
});

/** A world in which nothing happens but one update, one try of it, and the cuts. */
function calmScenario({ payloads, behaviour }: ExhaustiveCase): Scenario {
  return {
    level: "L1",
    terms: termsOf("L1"),
    payloads,
    modulesRollBack: true,
    releases: [{ number: 1, name: "release-1", securityCounter: 1, behaviour, stateVersion: 2 }],
    standalone: new Set(),
    attemptsMax: 1,
    cutRate: 0,
    cutAgain: 0,
    agentCrash: 0,
    watchdog: "reset",
    failures: {},
    slowness: 0,
    network: { requestLost: 0, replyLost: 0, doubled: 0, stale: 0, down: 0 },
    withdraw: 0,
    bootWriteFails: 0,
    clockLost: 0,
    dataLost: 0,
    diskFull: 0,
    corruption: 0,
    held: 0,
    asksPerson: false,
  };
}
