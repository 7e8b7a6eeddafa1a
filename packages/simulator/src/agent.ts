import { type BootControl, type Slot, type Ticker, type UpdateLoop } from "@moult/agent-core";
import type { Crypto, Log } from "@moult/base";
import {
  readSavedState,
  STATE_VERSION,
  updateId,
  type Update,
  type UpdateEvent,
  type UpdateState,
} from "@moult/updater";
import type { Chance } from "./chance.ts";
import { CONFIRM_TIMEOUT_MS, type Checks } from "./checks.ts";
import { createFolderInstaller } from "./folder-payload.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import type { PayloadInstaller } from "./payload-installer.ts";
import type { Person } from "./person.ts";
import { filesOf, slotDeviceOf, type SyncTerms } from "./ports.ts";
import type { Images, Release } from "./release.ts";
import type { Reports } from "./reports.ts";
import type { Scenario } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { Answer, CheckIn, ReportReply, ServerReport } from "./simulated-server.ts";
import { createSlotPayload } from "./slot-payload.ts";
import { createSteps } from "./steps.ts";
import { count, type Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";

/** A server as one device has it. */
export interface AgentServer {
  checkIn(question: CheckIn): Answer;
  report(assignmentId: string, attempt: number, reports: readonly ServerReport[]): ReportReply;
  /** Takes back what it offers, for as long as it is on. */
  withdraw(isOn: boolean): void;
}

/** What a world gives to every run of its device's agent. */
export interface AgentWorld {
  readonly scenario: Scenario;
  readonly machine: Machine;
  readonly server: AgentServer;
  readonly network: SimulatedNetwork;
  readonly person: Person;
  readonly chance: Chance;
  readonly checks: Checks;
  readonly shipped: Shipped;
  readonly images: Images;
  readonly sha256: Crypto["sha256"];
  readonly trace: Trace;
  readonly tally: Tally;
  readonly isFaulty: () => boolean;
  readonly releaseOf: (update: Update) => Release;
  readonly releaseByNumber: (number: number | null) => Release;
  readonly nowMs: () => number;
  /** Told of each run's parts, for whoever wants to know when all is quiet. */
  readonly onRunning: (parts: { readonly loop: UpdateLoop; readonly reports: Reports }) => void;
}

const CHECK_IN_MS = 30_000;
const HOLD_MS_MAX = 600_000;
/** The instant this agent was released (2026-11-20): no clock before it is right. */
export const RELEASED_AT_MS = 1_795_132_800_000;

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** One run of the agent, from its start until its life is over: the shipped parts, and what the daemon does around them. */
export async function runAgent(world: AgentWorld, life: Life): Promise<void> {
  const { machine, scenario, checks, shipped, trace } = world;
  if (machine.wallMs < RELEASED_AT_MS) machine.wallOffsetMs = RELEASED_AT_MS - world.nowMs();
  const sync = syncTermsOf(world);
  const files = filesOf(life, machine.data, "data", sync);
  const bootFiles = filesOf(life, machine.boot, "boot", sync);
  const ticker = tickerOf(world, life);
  const reports = await shipped.openReports(files);
  const counter = await shipped.openCounter([files, bootFiles]);
  const own = world.releaseByNumber(machine.booted.release);
  const store = shipped.createStateStore({
    files,
    sha256: world.sha256,
    log: quiet,
    codec: codecOf(own.stateVersion),
  });
  const installers = installersOf(world, life, sync);
  const loop: UpdateLoop = shipped.createUpdateLoop({
    store,
    facts: () => ({
      bootId: `boot-${machine.bootNumber}`,
      confirmTimeoutMs: CONFIRM_TIMEOUT_MS,
      holdMsMax: HOLD_MS_MAX,
    }),
    execute: (effect, signal) => execute(effect, signal),
    ticker,
    log: quiet,
    initialRunning: { artifactName: own.name, provides: {} },
    brain: shipped.brain,
    loaded: async (state) => {
      checks.loaded(state);
      await endForgottenTrials(life, installers, state);
    },
    afterEffects: (state) => {
      checks.atWork(state, world.nowMs());
      return endForgottenTrials(life, installers, state);
    },
    onChange: (change) => {
      if (life.isOver) return;
      const { before, event, after } = change;
      trace.note(() => `${before.kind} + ${eventText(event)} -> ${after.kind}`);
      checks.changed(change, world.nowMs());
    },
  });
  const execute = createSteps({
    ...world,
    life,
    installers,
    reports,
    counter,
    running: () => loop.state().running,
    runs: () => machine.runs(),
    deliver: (event) => void loop.deliver(event),
    contact: async (about) => {
      await world.network.ask(life, about, () => true);
    },
    tellPerson: (update) => world.person.told(updateId(update)),
  });
  checks.stateLoaded(await loop.start(), scenario.terms.lies > 0);
  world.onRunning({ loop, reports });
  void sendReports(world, life, reports);
  void world.person.attend(life, loop);
  await checkIn(world, life, loop, reports);
}

const tickerOf = (world: AgentWorld, life: Life): Ticker => ({
  monotonicMs: () => world.nowMs() - life.startedAtMs,
  sleep: (delayMs, signal) => life.sleep(delayMs, signal),
});

/** A system that is on trial while no update is under way will never be confirmed: the machine goes back to the good one. */
async function endForgottenTrials(
  life: Life,
  installers: readonly PayloadInstaller[],
  { kind }: UpdateState,
): Promise<void> {
  if (kind !== "idle") return;
  for (const installer of installers) {
    if (!(await installer.endForgottenTrial())) continue;
    life.end("reboot");
    // Nothing comes after a restart that was asked for.
    await life.sleep(0);
  }
}

const eventText = (event: UpdateEvent): string =>
  event.kind === "effect-failed"
    ? `${event.effect} failed (${event.failure.code}: ${event.failure.detail})`
    : event.kind;

function syncTermsOf({ machine, scenario, chance, tally, isFaulty }: AgentWorld): SyncTerms {
  return {
    isLie: () => {
      if (!isFaulty() || !chance.happens(scenario.terms.lies)) return false;
      count(tally.faults, "sync that lies");
      return true;
    },
    flush: () => machine.flush(),
  };
}

/** The saved state as an agent of this version writes it; each reads those before it. */
function codecOf(version: number) {
  return {
    version,
    saveable: (state: UpdateState) => ({ version, state }),
    read: (value: unknown) => {
      const isOlder =
        typeof value === "object" &&
        value !== null &&
        "version" in value &&
        typeof value.version === "number" &&
        value.version <= version;
      return readSavedState(isOlder ? { ...value, version: STATE_VERSION } : value);
    },
  };
}

function installersOf(world: AgentWorld, life: Life, sync: SyncTerms): readonly PayloadInstaller[] {
  const { scenario, machine, images } = world;
  return scenario.payloads.map((kind, index) => {
    if (kind === "slot")
      return createSlotPayload({
        slots: slotInstallerOf(world, life, sync),
        files: filesOf(life, machine.data, "data", sync),
        imageOf: (release) => images.of(release),
        digestOf: (release) => images.digestOf(release),
        pause: () => life.sleep(200),
      });
    const folder = machine.folders[index];
    const payload = machine.programs[index];
    if (folder === null || folder === undefined || payload === undefined)
      throw new Error("every payload but a slot has a folder");
    return createFolderInstaller({
      files: filesOf(life, folder, kind, sync),
      payload,
      reboot: kind === "module" ? "installer" : "none",
      supportsRollback: kind === "app" || scenario.modulesRollBack,
    });
  });
}

function slotInstallerOf(world: AgentWorld, life: Life, sync: SyncTerms) {
  const { machine, shipped, checks, chance, scenario, isFaulty, sha256, tally } = world;
  const boot = shipped.createBootControl({
    files: filesOf(life, machine.boot, "boot", sync),
    booted: () => Promise.resolve(machine.booted.slot ?? "a"),
    log: quiet,
  });
  return shipped.createSlotInstaller({
    boot: watched(boot, checks),
    restartNote: {
      isMade: () => life.look(() => machine.isRestartNoted),
      make: () =>
        life.change("note of a restart", () => {
          machine.isRestartNoted = true;
        }),
    },
    openSlot: (slot) => {
      const isCorrupting = isFaulty() && chance.happens(scenario.corruption);
      machine.slots[slot].willCorrupt = isCorrupting;
      if (isCorrupting) count(tally.faults, "byte stored wrongly");
      const onWrite = (): void => checks.slotWritten(slot);
      return Promise.resolve(slotDeviceOf(life, machine.slots[slot], slot, sync, onWrite));
    },
    createHasher: () => createHasher(sha256),
    log: quiet,
  });
}

/** Tells the checks what the bootloader is asked for, before it can have happened. */
function watched(boot: BootControl, checks: Checks): BootControl {
  return {
    read: () => boot.read(),
    booted: () => boot.booted(),
    arm: async (slot: Slot, tries: number) => {
      if (tries > 0) checks.armed(slot, tries);
      await boot.arm(slot, tries);
      if (tries === 0) checks.armed(slot, 0);
    },
    confirm: (slot: Slot) => {
      checks.slotConfirmed(slot);
      return boot.confirm(slot);
    },
    disarm: () => boot.disarm(),
    settle: () => boot.settle(),
  };
}

function createHasher(sha256: Crypto["sha256"]) {
  const parts: Uint8Array[] = [];
  return {
    update: (bytes: Uint8Array): void => void parts.push(bytes),
    digest: (): Uint8Array => {
      const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      let offset = 0;
      for (const part of parts) {
        whole.set(part, offset);
        offset += part.length;
      }
      return sha256(whole);
    },
  };
}

/** Asks the server what is to be done, again and again. */
async function checkIn(
  world: AgentWorld,
  life: Life,
  loop: UpdateLoop,
  reports: Reports,
): Promise<void> {
  const { network, server, machine, scenario, chance, isFaulty, tally } = world;
  const question = { nonce: 0, generation: 0 };
  while (!life.isOver) {
    question.nonce += 1;
    if (isFaulty() && chance.happens(scenario.withdraw)) {
      server.withdraw(true);
      count(tally.faults, "offer taken back");
    } else server.withdraw(false);
    if (isFaulty() && chance.happens(scenario.diskFull)) machine.fillDisk();
    const { nonce } = question;
    const { kind, running } = loop.state();
    const asked = {
      nonce: machine.bootNumber * 100_000 + nonce,
      generation: question.generation,
      runs: running.artifactName,
      isIdle: kind === "idle",
    };
    const answer = await network
      .ask(life, "a question for work", () => server.checkIn(asked))
      .catch(() => undefined);
    // An answer to another question, or older than what is known: whoever sent it again wants an old offer obeyed.
    if (answer?.nonce === asked.nonce && answer.generation >= question.generation) {
      question.generation = answer.generation;
      await obey(loop, reports, answer.update);
    }
    await life.sleep(CHECK_IN_MS);
  }
}

/** What the agent's daemon does with a verified instruction. */
async function obey(
  loop: UpdateLoop,
  reports: Reports,
  wanted: Extract<Update, { kind: "assignment" }> | null,
): Promise<void> {
  const under = updateOf(loop.state());
  const isBusy = under?.kind === "assignment";
  if (wanted === null) {
    if (isBusy) await loop.deliver({ kind: "withdrawn" });
    return;
  }
  if (under !== undefined && updateId(under) === updateId(wanted)) return;
  if (await reports.repeatFinished(wanted).catch(() => false)) return;
  if (isBusy) await loop.deliver({ kind: "withdrawn" });
  await loop.deliver({ kind: "offered", update: wanted });
}

export function updateOf(state: UpdateState): Update | undefined {
  if (state.kind === "idle") return undefined;
  return "job" in state ? state.job.update : state.update;
}

/** Tells the server what waits to be told. */
async function sendReports(world: AgentWorld, life: Life, reports: Reports): Promise<void> {
  const { network, server } = world;
  while (!life.isOver) {
    await reports.filled();
    const head = reports.head();
    const [first] = head;
    if (first === undefined) continue;
    const { assignmentId, attempt } = first;
    const said = head.map(({ report }) => report);
    const reply = await network
      .ask(life, `${assignmentId}.${attempt}`, () => server.report(assignmentId, attempt, said))
      .catch(() => undefined);
    if (reply !== undefined) await reports.settle(head).catch(() => undefined);
    await life.sleep(reply === undefined ? 15_000 : 500);
  }
}
