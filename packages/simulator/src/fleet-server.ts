import { instant, later, present, type InstantMs } from "@moult/base";
import {
  ArtifactId,
  AssignmentId,
  DeploymentId,
  HardwareType,
  ReleaseVersion,
  Sha256,
  type ClientTraits,
  type Outcome,
} from "@moult/model";
import {
  createFleet,
  createFleetDevice,
  fleetCorrect,
  fleetFactsOf,
  fleetProgress,
  fleetWait,
  isUnderWay,
  NO_HABIT,
  NO_RULES,
  patienceOf,
  type ArtifactFacts,
  type Decision,
  type Fleet,
  type FleetDevice,
} from "@moult/planner";
import type { AssignmentUpdate } from "@moult/updater";
import { RELEASED_AT_MS, type AgentServer } from "./agent.ts";
import type { FleetChecks } from "./fleet-checks.ts";
import type { FleetDeployment, FleetScenario } from "./fleet-scenario.ts";
import type { FleetShell } from "./fleet-shell.ts";
import { IMAGE_BYTES, type Images } from "./release.ts";
import { FACTORY, type SimulatedDevice } from "./simulated-device.ts";
import type { Answer, CheckIn, ReportReply, ServerReport } from "./simulated-server.ts";
import { count, type Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";

export interface FleetServerDeps {
  readonly scenario: FleetScenario;
  readonly shell: FleetShell;
  readonly images: Images;
  readonly checks: FleetChecks;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly now: () => InstantMs;
  readonly device: (index: number) => SimulatedDevice;
}

/** A deployment that began. */
export interface Begun {
  readonly deployment: FleetDeployment;
  readonly fleet: Fleet;
}

/** How the server has it that a try ended. */
export interface KnownEnd {
  readonly id: string;
  readonly outcome: Outcome;
  /** The server's own word, which the device's may differ from. */
  readonly isOwn: boolean;
}

/** Each decision changes the facts for the next: taken back, closed, and what comes then. */
const TURNS_MAX = 6;

/** A server of a fleet: the planner's decisions and its store in memory, spoken to by the simulated devices. */
export class FleetServer {
  readonly begun: Begun[] = [];
  readonly #deps: FleetServerDeps;
  readonly #lines: readonly Line[];
  /** Tries that ended because the device was seen to run the release. */
  readonly #seenRunning = new Set<string>();

  constructor(deps: FleetServerDeps) {
    this.#deps = deps;
    this.#lines = deps.scenario.devices.map(() => ({
      generation: 0,
      said: "",
      last: undefined,
      heardAt: deps.now(),
      heard: new Map(),
    }));
  }

  get current(): Begun {
    return present(this.begun.at(-1), "a fleet begins with a deployment");
  }

  begin(deployment: FleetDeployment): void {
    const { scenario, images, now, trace } = this.#deps;
    const { plan, salt, release } = deployment;
    const number = this.begun.length + 1;
    const devices = scenario.devices.map(({ draw }, index) =>
      createFleetDevice(
        draw,
        AssignmentId.parse(uuid(2, number * 1_000 + index)),
        this.begun.at(-1)?.fleet.devices[index]?.runs ?? FACTORY.name,
      ),
    );
    const fleet = createFleet(
      {
        plan,
        salt,
        timeoutMs: patienceOf(plan, NO_HABIT).silenceMs,
        device: { hardwareType: HARDWARE, traits: TRAITS },
        deployment: {
          id: DeploymentId.parse(uuid(1, number)),
          number,
          version: ReleaseVersion.parse(release.name),
          artifacts: [artifactOf(release.name, images.digestOf(release.number))],
          rules: NO_RULES,
        },
      },
      devices,
      now(),
    );
    this.begun.push({ deployment, fleet });
    trace.note(
      () =>
        `deployment ${number} of ${release.name} (${release.behaviour}): ${JSON.stringify(plan)}`,
    );
  }

  /** What time alone does. */
  tend(): void {
    const { fleet } = this.current;
    this.changing(fleet, () => fleetWait(fleet, this.#deps.now() - fleet.now));
    for (const [index, { heardAt }] of this.#lines.entries()) {
      const device = deviceOf(fleet, index);
      const isOpen = device.assignment !== null && isUnderWay(device.assignment.state);
      if (!isOpen || fleet.now - heardAt < fleet.timeoutMs) continue;
      count(this.#deps.tally.faults, "server: given up as silent");
      this.#deps.trace.note(() => `device ${index}: nothing was heard of it`);
      this.changing(fleet, () => this.#deps.shell.end(fleet, device, "silent", "no-report"));
    }
  }

  portOf(index: number): AgentServer {
    return {
      checkIn: (question) => this.#checkIn(index, question),
      report: (id, attempt, reports) => this.#report(index, id, attempt, reports),
      withdraw: () => undefined,
    };
  }

  /** How each try of a device ended, by the server's rows. */
  endsOf(index: number): readonly KnownEnd[] {
    return this.begun.flatMap(({ fleet }) => {
      const { assignment } = deviceOf(fleet, index);
      return (assignment?.attempts ?? []).map(({ outcome, code }, place) => {
        const id = `${assignment?.id ?? ""}.${place + 1}`;
        const isOwn = code === "withdrawn" || outcome === "silent" || this.#seenRunning.has(id);
        return { id, outcome, isOwn };
      });
    });
  }

  /** Runs a change and says what became of the deployment. */
  changing<Result>(fleet: Fleet, change: () => Result): Result {
    const { state, stage } = fleet;
    const { trace, checks, tally } = this.#deps;
    const result = change();
    if (fleet.state !== state) count(tally.faults, `deployment: ${fleet.state}`);
    if (fleet.state !== state || fleet.stage !== stage)
      trace.note(() => `deployment ${fleet.deployment.number}: ${whereItStands(fleet)}`);
    checks.look(fleet, this.#isBad(fleet));
    return result;
  }

  #lineOf(index: number): Line {
    return present(this.#lines[index], "each device has its line");
  }

  #isBad(fleet: Fleet): boolean {
    return this.begun.some(
      ({ fleet: own, deployment }) => own === fleet && deployment.release.behaviour !== "good",
    );
  }

  #checkIn(index: number, { nonce, generation, runs, isIdle }: CheckIn): Answer {
    this.tend();
    const { fleet } = this.current;
    const device = deviceOf(fleet, index);
    device.runs = runs;
    device.isIdle = isIdle;
    const decision = this.#decide(index, fleet, device);
    const isOffered = decision.kind === "offer" || decision.kind === "keep";
    const line = this.#lineOf(index);
    const update = isOffered ? this.#updateOf(line, fleet, device) : null;
    const says = update === null ? "" : `${update.assignmentId}.${update.attempt}`;
    if (says !== line.said || generation > line.generation || line.generation === 0)
      line.generation = Math.max(line.generation, generation) + 1;
    line.said = says;
    return { nonce, generation: line.generation, update };
  }

  #decide(index: number, fleet: Fleet, device: FleetDevice): Decision {
    const { shell, checks, trace, tally } = this.#deps;
    for (let turn = 1; ; turn += 1) {
      const { state } = fleet;
      const given = fleetFactsOf(fleet, device);
      const decision = this.changing(fleet, () => shell.checkIn(fleet, device));
      checks.decided(fleet, device, { state, given, isBad: this.#isBad(fleet) }, decision);
      if (decision.kind === "wait" || decision.kind === "keep") return decision;
      count(tally.faults, `server: ${decision.kind}`);
      trace.note(() => `device ${index}: ${decision.kind}, ${whereItStands(fleet)}`);
      if (decision.kind === "offer") this.#lineOf(index).heardAt = fleet.now;
      if (decision.kind === "offer" || turn === TURNS_MAX) return decision;
      if (decision.kind === "close-as-running") {
        const { id, attempt } = decision.assignment;
        this.#seenRunning.add(`${id}.${attempt}`);
        this.#checkRuns(index, fleet, "succeeded");
      }
    }
  }

  #updateOf(line: Line, fleet: Fleet, device: FleetDevice): AssignmentUpdate {
    const { images } = this.#deps;
    const own = present(device.assignment, "who has an offer has an assignment");
    const { last } = line;
    if (last?.assignmentId === own.id && last.attempt === own.attempt) return last;
    const { release } = this.current.deployment;
    const { id: deploymentId, version } = fleet.deployment;
    line.last = {
      kind: "assignment",
      assignmentId: own.id,
      deploymentId,
      attempt: own.attempt,
      artifactName: version,
      path: `device/${release.name}.mender`,
      sizeBytes: IMAGE_BYTES,
      sha256: Sha256.parse(images.digestOf(release.number)),
      instruction: {
        generation: Math.max(1, line.generation),
        sha256: DIGEST,
        keySha256: DIGEST,
      },
    };
    return line.last;
  }

  #report(
    index: number,
    assignmentId: string,
    attempt: number,
    reports: readonly ServerReport[],
  ): ReportReply {
    this.tend();
    const found = this.begun.find(
      ({ fleet }) => deviceOf(fleet, index).assignment?.id === assignmentId,
    );
    if (found === undefined) return "not-found";
    const { fleet } = found;
    const device = deviceOf(fleet, index);
    const heard = heardOf(
      present(this.#lines[index], "each device has its line"),
      assignmentId,
      attempt,
    );
    for (const report of reports.toSorted((left, right) => left.sequence - right.sequence)) {
      const own = present(device.assignment, "it was found by it");
      if (attempt > own.attempt) return "not-found";
      if (attempt < own.attempt) return "assignment-closed";
      const known = heard.get(report.sequence);
      if (known !== undefined)
        this.#deps.device(index).checks.heardAgain(known, JSON.stringify(report));
      if (report.sequence <= Math.max(0, ...heard.keys())) continue;
      heard.set(report.sequence, JSON.stringify(report));
      fleet.now = this.#deps.now();
      this.#lineOf(index).heardAt = fleet.now;
      if (!this.changing(fleet, () => this.#record(index, fleet, device, report)))
        return "assignment-closed";
    }
    return "recorded";
  }

  /** False where the try has an end that stands. */
  #record(index: number, fleet: Fleet, device: FleetDevice, report: ServerReport): boolean {
    if (report.kind === "deferred") return true;
    if (report.kind !== "finished") {
      fleetProgress(device, report.kind);
      return true;
    }
    const runs = report.running?.artifactName ?? device.runs;
    const isLie = report.outcome === "succeeded" && runs !== fleet.deployment.version;
    const outcome = isLie ? "failed" : report.outcome;
    const code = isLie ? "wrong-release-running" : (report.code ?? null);
    const isOpen = device.assignment !== null && isUnderWay(device.assignment.state);
    device.runs = runs;
    this.#deps.trace.note(() => `device ${index}: ${outcome} ${code ?? ""}`);
    if (!isOpen) {
      const isHeard = fleetCorrect(fleet, device, outcome, code);
      count(this.#deps.tally.faults, isHeard ? "word after the end" : "word too late");
      return isHeard;
    }
    this.#deps.shell.end(fleet, device, outcome, code);
    device.runs = runs;
    this.#checkRuns(index, fleet, outcome);
    return true;
  }

  /** Who succeeded runs it. */
  #checkRuns(index: number, fleet: Fleet, outcome: Outcome): void {
    const { checks, truth } = this.#deps.device(index);
    if (outcome !== "succeeded" || checks.hasForgotten) return;
    const release = truth.releaseNamed(fleet.deployment.version)?.number;
    if (truth.runs().some((part) => part !== release))
      this.#deps.checks.break(
        "every-try-has-one-end",
        `device ${index} has succeeded with ${fleet.deployment.version} and runs ${truth.runs().join("+")}`,
      );
  }
}

/** What stands between the server and one device. */
interface Line {
  /** The newest offer or report. */
  heardAt: InstantMs;
  generation: number;
  said: string;
  last: AssignmentUpdate | undefined;
  /** Reports by try and number. */
  readonly heard: Map<string, Map<number, string>>;
}

function heardOf({ heard }: Line, assignmentId: string, attempt: number): Map<number, string> {
  const key = `${assignmentId}.${attempt}`;
  const known = heard.get(key) ?? new Map<number, string>();
  heard.set(key, known);
  return known;
}

export const deviceOf = ({ devices }: Fleet, index: number): FleetDevice =>
  present(devices[index], "a deployment is for every device");

export function whereItStands({ state, stage, counts }: Fleet): string {
  const { open, succeeded, failed, rolledBack } = counts;
  return `${state}, stage ${stage}, ${open} in the update, ${succeeded} succeeded, ${failed + rolledBack} failed`;
}

/** The instant of the wall that virtual time began at. */
export const fleetInstant = (nowMs: number): InstantMs => later(instant(RELEASED_AT_MS), nowMs);

const HARDWARE = HardwareType.parse("gw2");
const DIGEST = Sha256.parse("cd".repeat(32));
const TRAITS: ClientTraits = {
  client: "moult-agent/0.1.0",
  payloadTypes: ["rootfs-image"],
  pathPrefix: "gw2/",
  canAbort: true,
  trust: "end-to-end",
};

const uuid = (kind: number, number: number): string =>
  `0198c0de-000${kind}-7000-8000-${String(number).padStart(12, "0")}`;

const artifactOf = (name: string, digest: string): ArtifactFacts => ({
  id: ArtifactId.parse(uuid(3, 1)),
  path: `gw2/${name}.mender`,
  sha256: Sha256.parse(digest),
  sizeBytes: IMAGE_BYTES,
  hardwareTypes: [HARDWARE],
  depends: { device_type: [HARDWARE] },
  provides: {},
  clearsProvides: [],
  payloads: [{ type: "rootfs-image", files: [] }],
  trust: { state: "published" },
  terms: null,
});
