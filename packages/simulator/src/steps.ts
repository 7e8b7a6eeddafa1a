import { STEP_FAILURE_CODES, type DeviceEffect } from "@moult/agent-core";
import {
  rebootNeed,
  RefusalCode,
  type EffectOf,
  type FailureCode,
  type Job,
  type OpenedArtifact,
  type RebootNeed,
  type Update,
  type UpdateEvent,
} from "@moult/updater";
import type { Running } from "@moult/model";
import type { Chance } from "./chance.ts";
import type { Checks } from "./checks.ts";
import type { Life } from "./life.ts";
import { StepError, type PayloadInstaller } from "./payload-installer.ts";
import type { Release } from "./release.ts";
import type { Reports } from "./reports.ts";
import type { Scenario } from "./scenario.ts";
import type { CounterCopies } from "./security-counter.ts";

/** What the steps of an update need of one run of the agent. */
export interface StepDeps {
  readonly life: Life;
  readonly chance: Chance;
  readonly checks: Checks;
  readonly scenario: Scenario;
  readonly isFaulty: () => boolean;
  readonly installers: readonly PayloadInstaller[];
  readonly reports: Reports;
  readonly counter: CounterCopies;
  readonly running: () => Running;
  readonly releaseOf: (update: Update) => Release;
  /** What runs in this life; decides whether it is well. */
  readonly runs: () => readonly (number | null)[];
  readonly deliver: (event: UpdateEvent) => void;
  /** One message to the server and back; fails when it does not get through. */
  readonly contact: (about: string) => Promise<void>;
  readonly tellPerson: (update: Update) => void;
}

const HEALTH_MS = 4_000;
const RETRY_MS = 5_000;
const DOWNLOAD_TRIES_MAX = 6;
const REBOOT_TIMEOUT_MS = 60_000;

/** A step that must not be tried again. */
class Refusal extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

type Steps = {
  readonly [Kind in DeviceEffect["kind"]]: (
    effect: EffectOf<Kind>,
    signal: AbortSignal,
  ) => Promise<UpdateEvent | null>;
};

/** Does effects as the agent's executors do, on payloads that are simulated. */
export function createSteps(
  deps: StepDeps,
): (effect: DeviceEffect, signal: AbortSignal) => Promise<UpdateEvent | null> {
  const steps: Steps = { ...telling(deps), ...forward(deps), ...backward(deps) };
  return async (effect, signal) => {
    const { chance, scenario, isFaulty } = deps;
    const fails = isFaulty() && chance.happens(scenario.failures[effect.kind] ?? 0);
    try {
      // What fails may have done its work all the same.
      if (fails && chance.happens(0.5)) throw new StepError("it fails");
      const run = steps[effect.kind] as (
        effect: DeviceEffect,
        signal: AbortSignal,
      ) => Promise<UpdateEvent | null>;
      const event = await run(effect, signal);
      if (fails) throw new StepError("it fails at its end");
      return event;
    } catch (cause) {
      if (signal.aborted) return null;
      const code = cause instanceof Refusal ? cause.code : STEP_FAILURE_CODES[effect.kind];
      const detail = cause instanceof Error ? cause.message : "unknown";
      return { kind: "effect-failed", effect: effect.kind, failure: { code, detail } };
    }
  };
}

type Telling = "report" | "await-readiness" | "reach-server" | "download";

function telling(deps: StepDeps): Pick<Steps, Telling> {
  const { life, reports, checks, running, scenario } = deps;
  return {
    report: async ({ update, report }, signal) => {
      checks.reported(update, report, running());
      if (update.kind === "standalone") {
        if (report.kind === "finished") deps.tellPerson(update);
        return { kind: "reported", sequence: report.sequence };
      }
      const said = report.kind === "finished" ? { ...report, running: running() } : report;
      for (;;) {
        try {
          await reports.add(update, said);
          return { kind: "reported", sequence: report.sequence };
        } catch {
          // The last report is tried until the queue takes it; the others are not worth waiting for.
          if (report.kind !== "finished") return { kind: "reported", sequence: report.sequence };
        }
        await life.sleep(RETRY_MS, signal);
      }
    },
    "await-readiness": async ({ before, hasConsent }, signal) => {
      const asks = scenario.asksPerson && before === "install" && !hasConsent;
      if (asks) return { kind: "readiness", before, holds: [hold("consent-needed")] };
      for (;;) {
        if (!deps.isFaulty() || !deps.chance.happens(scenario.held)) break;
        deps.deliver({ kind: "readiness", before, holds: [hold(deps.chance.pick(REASONS))] });
        await life.sleep(60_000, signal);
      }
      return { kind: "readiness", before, holds: [] };
    },
    "reach-server": async (_, signal) => {
      const isOffline = deps.runs().some((release) => behaves(deps, release, "offline"));
      for (;;) {
        if (!isOffline && (await got(deps.contact("a check-in")))) {
          checks.serverReached();
          return { kind: "server-reached" };
        }
        await life.sleep(RETRY_MS, signal);
      }
    },
    download: (effect, signal) => download(deps, effect.update, signal),
  };
}

const REASONS = ["busy", "driving", "battery-low"] as const;

const hold = (code: string) => ({ code, detail: code });

async function download(deps: StepDeps, update: Update, signal: AbortSignal): Promise<UpdateEvent> {
  const { life, counter, releaseOf } = deps;
  const release = releaseOf(update);
  if (update.kind === "assignment") {
    let failures = 0;
    for (let part = 1; part <= 2;) {
      await life.sleep(500, signal);
      if (await got(deps.contact("the file"))) {
        deps.deliver({ kind: "download-progressed", percent: part * 50 });
        part += 1;
        continue;
      }
      failures += 1;
      if (failures >= DOWNLOAD_TRIES_MAX) throw new StepError("the file did not come");
      await life.sleep(RETRY_MS, signal);
    }
  }
  if (release.securityCounter < counter.read())
    throw new Refusal(
      RefusalCode.parse("security-counter"),
      `${release.name} has ${release.securityCounter}, the device demands ${counter.read()}`,
    );
  return { kind: "downloaded", artifact: artifactOf(deps, release) };
}

function artifactOf({ scenario }: StepDeps, release: Release): OpenedArtifact {
  return {
    name: release.name,
    payloadTypes: [...scenario.payloads],
    runningAfter: { artifactName: release.name, provides: {} },
    vouched: {
      rootVersion: 1,
      role: "role",
      roleVersion: 1,
      securityCounter: release.securityCounter,
      expiredRole: null,
    },
  };
}

type Forward =
  | "unpack"
  | "install"
  | "activate"
  | "reboot"
  | "verify-activation"
  | "check-health"
  | "commit"
  | "leave-commit";

function forward(deps: StepDeps): Pick<Steps, Forward> {
  const { life, installers, checks, counter, chance } = deps;
  const numberOf = ({ update }: Job): number => deps.releaseOf(update).number;
  return {
    unpack: async ({ job }, signal) => {
      for (const installer of installers) await installer.unpack(numberOf(job), signal);
      const supportsRollback = installers.every((installer) => installer.supportsRollback);
      return { kind: "unpacked", supportsRollback };
    },
    install: async ({ job }, signal) => {
      for (const installer of installers) await installer.install(numberOf(job), signal);
      const reboots = await neededReboots(installers);
      // The reboot of the others is the person's, and nothing else comes before it.
      if (job.update.kind === "standalone" && rebootNeed({ reboots }) !== "none")
        await activateThoseWithoutReboot(deps, job, reboots);
      return { kind: "installed", reboots };
    },
    activate: async ({ job }) => {
      for (const installer of installers) await installer.activate(numberOf(job));
      return { kind: "activated" };
    },
    reboot: async ({ job }, signal) => {
      await activateThoseWithoutReboot(deps, job, job.reboots);
      await rebootThemselves(deps, job, installers);
      if (rebootNeed(job) === "system") await rebootMachine(life, signal);
      return { kind: "activated" };
    },
    "verify-activation": async ({ job }) => {
      for (const installer of installers) await installer.verify(numberOf(job));
      return { kind: "verified" };
    },
    "check-health": async (_, signal) => {
      await life.sleep(HEALTH_MS, signal);
      for (const release of deps.runs()) {
        if (behaves(deps, release, "unhealthy")) throw new StepError("it is ill");
        if (behaves(deps, release, "flaky") && chance.happens(0.3))
          throw new StepError("it is ill now");
      }
      checks.healthPassed();
      return { kind: "health-passed" };
    },
    commit: async ({ job }) => {
      checks.committing(job.update, numberOf(job));
      for (const installer of installers) await installer.commit(numberOf(job));
      return { kind: "committed" };
    },
    "leave-commit": async ({ job }) => {
      const { securityCounter } = deps.releaseOf(job.update);
      await counter.raise(securityCounter);
      checks.counterRaised(securityCounter);
      return { kind: "commit-left" };
    },
  };
}

/** An update of several payloads is rebooted when one of them needs it; what the others need is done before. */
async function activateThoseWithoutReboot(
  { installers, releaseOf }: StepDeps,
  { update }: Job,
  reboots: readonly RebootNeed[],
): Promise<void> {
  for (const [index, installer] of installers.entries())
    if (reboots[index] === "none") await installer.activate(releaseOf(update).number);
}

type Backward = "roll-back" | "reboot-rollback" | "verify-rollback" | "handle-failure" | "clean-up";

function backward(deps: StepDeps): Pick<Steps, Backward> {
  const { life, installers } = deps;
  const reverse = installers.toReversed();
  const numberOf = ({ update }: Job): number => deps.releaseOf(update).number;
  return {
    "roll-back": async ({ job }) => {
      await each(reverse, (installer) => installer.rollBack(numberOf(job)));
      const isUnknown = rebootNeed(job) === "none" && job.update.kind === "assignment";
      return {
        kind: "rolled-back",
        reboots: isUnknown ? await neededReboots(installers) : job.reboots,
      };
    },
    "reboot-rollback": async ({ job }, signal) => {
      await rebootThemselves(deps, job, reverse);
      if (rebootNeed(job) === "system") await rebootMachine(life, signal);
      return { kind: "rollback-rebooted" };
    },
    "verify-rollback": async ({ job }) => {
      await each(reverse, (installer) => installer.verifyRollback(numberOf(job)));
      return { kind: "rollback-verified" };
    },
    "handle-failure": () => Promise.resolve({ kind: "failure-handled" }),
    "clean-up": async () => {
      await each(installers, (installer) => installer.cleanUp());
      return { kind: "cleaned-up" };
    },
  };
}

async function neededReboots(
  installers: readonly PayloadInstaller[],
): Promise<readonly RebootNeed[]> {
  const reboots: RebootNeed[] = [];
  for (const installer of installers) reboots.push(await installer.neededReboot());
  return reboots;
}

/** Every one is asked, whatever became of those before it; the first failure is told. */
async function each(
  installers: readonly PayloadInstaller[],
  ask: (installer: PayloadInstaller) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const installer of installers)
    await ask(installer).catch((cause: unknown) => void failures.push(cause));
  if (failures.length > 0) throw failures[0];
}

/** Some restart what they must where it is, some restart the machine. */
async function rebootThemselves(
  { life, chance }: StepDeps,
  job: Job,
  installers: readonly PayloadInstaller[],
): Promise<void> {
  if (!job.reboots.includes("installer")) return;
  for (const installer of installers)
    if ((await installer.neededReboot()) === "installer") await installer.reboot();
  if (rebootNeed(job) === "installer" && chance.happens(0.5)) life.end("reboot");
}

/** Returns only when the reboot did not come. */
async function rebootMachine(life: Life, signal: AbortSignal): Promise<never> {
  life.end("reboot");
  await life.sleep(REBOOT_TIMEOUT_MS, signal);
  throw new StepError("the machine did not reboot");
}

function behaves({ scenario }: StepDeps, number: number | null, behaviour: Release["behaviour"]) {
  return scenario.releases.some(
    (release) => release.number === number && release.behaviour === behaviour,
  );
}

/** Whether it got through. */
const got = (message: Promise<void>): Promise<boolean> =>
  message.then(
    () => true,
    () => false,
  );
