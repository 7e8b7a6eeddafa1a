import {
  DAY_MS,
  HOUR_MS,
  later,
  MINUTE_MS,
  present,
  type InstantMs,
  type Random,
} from "@moult/base";
import type { Plan } from "@moult/model";
import type { Claim } from "./decide.ts";
import type { DeploymentFacts } from "./facts.ts";
import { roomFor } from "./limits.ts";
import { SLACK_MS } from "./sliding-window.ts";

// What every store of claims must do alike, whether it is memory or a database: tried by the tests of each.

/** A running deployment's claims, as one server reaches them. */
export interface ClaimStore {
  /** What an answer of that instant is decided by. */
  readonly facts: (
    now: InstantMs,
    site: string,
  ) => Promise<Pick<DeploymentFacts, "stage" | "tally" | "flow">>;
  /** Offers it to a device that was offered it never before; false, and nothing changed, when a bound is reached. */
  readonly offer: (claim: Omit<Claim, "deploymentId">, now: InstantMs) => Promise<boolean>;
  /** The next stage opens. */
  readonly openStage: (stage: number, now: InstantMs) => Promise<void>;
  /** A device of this site that is in the update succeeds. */
  readonly end: (site: string) => Promise<void>;
}

export interface ClaimTrial {
  /** What was broken, in words; empty when everything held. */
  readonly broken: readonly string[];
  /** What became of each claim, in the order in which they were made. */
  readonly granted: readonly boolean[];
}

const TURNS = 60;
const ASKERS_MAX = 6;
const STEPS_MS = [0, 0, 300, 1_000, 5_000, 20_000, 61_000, 5 * HOUR_MS];
const LATE_MS_MAX = SLACK_MS / 2;
const APART_MS_MAX = SLACK_MS / 2;

/** The first are devices without a site. */
const SITES = ["", "north", "south"];
/** So many turns or so a stage stays open. */
const STAGE_TURNS = 15;
/** Of the artifacts that devices are to get. */
const SIZES = [1_000, 40_000, 150_000];

interface Asking {
  readonly store: ClaimStore;
  /** Of the artifact that the device is to get. */
  readonly sizeBytes: number;
  readonly now: InstantMs;
  readonly claim: Omit<Claim, "deploymentId">;
}

/**
 * Lets devices ask servers for places, and keeps its own books. All of a turn know what was true before any of them claims;
 * some claim a turn later. Servers' clocks are as far apart as they may be.
 * `one-by-one`: claims are made in an order, so that every store grants the same ones.
 */
export async function tryClaims(
  servers: readonly [ClaimStore, ...ClaimStore[]],
  deployment: Pick<DeploymentFacts, "id" | "plan">,
  { placesMax, how }: { readonly placesMax: number | null; readonly how: "one-by-one" | "at-once" },
  random: Random,
  start: InstantMs,
): Promise<ClaimTrial> {
  const books = new Books(deployment.plan, placesMax);
  const below = (max: number): number => Math.floor(random.fraction() * max);
  const granted: boolean[] = [];
  let now = start;
  let late: Asking[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const step = present(STEPS_MS[below(STEPS_MS.length)], "one of the steps");
    now = later(now, step);
    const asking: Asking[] = [];
    for (let asked = below(ASKERS_MAX); asked >= 0; asked -= 1) {
      const store = present(servers[below(servers.length)], "one of the servers");
      const clock = later(now, below(APART_MS_MAX));
      const site = present(SITES[below(SITES.length)], "one of the sites");
      const facts = await store.facts(clock, site);
      const sizeBytes = present(SIZES[below(SIZES.length)], "one of the sizes");
      const room = roomFor({ ...deployment, ...facts, isForced: false }, sizeBytes, clock);
      if (room.kind === "free")
        asking.push({
          store,
          now: clock,
          sizeBytes,
          claim: { ...room.claim, placesMax, approvedMin: null },
        });
    }
    const postponed = asking.splice(0, below(2));
    const claims = [...(step <= LATE_MS_MAX ? late : []), ...asking];
    late = postponed;
    const answers =
      how === "at-once"
        ? await Promise.all(claims.map(ask))
        : await inOrder(claims.map((claim) => () => ask(claim)));
    for (const [index, isGranted] of answers.entries()) {
      granted.push(isGranted);
      if (isGranted) books.offered(present(claims[index], "each claim has its answer"), now);
    }
    books.check(now);
    const next = books.stage + 1;
    if (next < deployment.plan.stages.length && below(STAGE_TURNS) === 0) {
      await servers[0].openStage(next, now);
      books.opened(next);
    }
    for (let ending = below(ASKERS_MAX); ending > 0 && books.open.length > 0; ending -= 1)
      await servers[0].end(books.ended(below(books.open.length)));
  }
  return { broken: books.broken, granted };
}

const ask = ({ store, claim, now }: Asking): Promise<boolean> => store.offer(claim, now);

async function inOrder<T>(works: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results: T[] = [];
  for (const work of works) results.push(await work());
  return results;
}

/** Counts by itself what was granted. */
class Books {
  readonly broken: string[] = [];
  /** The site of each device that is in the update. */
  readonly open: string[] = [];
  stage = 0;
  /** Since the open stage opened. */
  #done = { offered: 0, succeeded: 0 };
  readonly #offers: { readonly at: InstantMs; readonly sizeBytes: number }[] = [];
  readonly #plan: Plan;
  readonly #placesMax: number | null;

  constructor(plan: Plan, placesMax: number | null) {
    this.#plan = plan;
    this.#placesMax = placesMax;
  }

  offered({ claim, sizeBytes }: Asking, at: InstantMs): void {
    this.open.push(claim.site?.site ?? "");
    this.#offers.push({ at, sizeBytes });
    this.#holds("offers in a minute of the ramp", this.#since(at, MINUTE_MS).length, this.#rate());
    this.#done.offered += 1;
  }

  ended(index: number): string {
    this.#done.succeeded += 1;
    return present(this.open.splice(index, 1)[0], "who ends was in the update");
  }

  opened(stage: number): void {
    this.stage = stage;
    this.#done = { offered: 0, succeeded: 0 };
  }

  check(now: InstantMs): void {
    const { concurrentMax, perMinute = Infinity, perSite, bytesPerDay } = this.#plan.limits;
    const bytes = this.#since(now, DAY_MS).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#holds("devices in the update", this.open.length, concurrentMax);
    for (const site of SITES) {
      const open = this.open.filter((each) => each === site).length;
      this.#holds("devices of one site", open, perSite?.concurrentMax ?? Infinity);
    }
    this.#holds("places", this.#offers.length, this.#placesMax ?? Infinity);
    this.#holds("offers in a minute", this.#since(now, MINUTE_MS).length, perMinute);
    this.#holds("bytes in a day", bytes, bytesPerDay ?? Infinity);
  }

  #since(now: InstantMs, ms: number) {
    return this.#offers.filter(({ at }) => at > now - ms);
  }

  /** What the ramp of the open stage allows, by its own account. */
  #rate(): number {
    const ramp = this.#plan.stages[this.stage]?.ramp;
    if (ramp === undefined) return Infinity;
    const { perMinute, factor, every, perMinuteMax } = ramp;
    const steps =
      "succeeded" in every
        ? Math.floor(this.#done.succeeded / every.succeeded)
        : Math.floor(this.#done.offered / every.offered);
    return Math.min(perMinuteMax, Math.floor(perMinute * factor ** steps + 1e-9));
  }

  #holds(what: string, found: number, max: number): void {
    if (found > max) this.broken.push(`${found} ${what}, ${max} may be`);
  }
}
