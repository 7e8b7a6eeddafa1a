import { mkdirSync, rmSync } from "node:fs";
import { loadavg, availableParallelism } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import type { RigImages, RigSystem } from "../image/build-images.ts";
import { makeDisk } from "../image/make-disk.ts";
import { TRIES_MAX } from "../image/make-system.ts";
import { openRigDevice, type RigDevice } from "../machine/rig-device.ts";
import { startRigWorld, type RigWorld } from "../world/rig-world.ts";
import { holding } from "./boot-copies-on-disk.ts";
import { isFoundBy, type RigControl } from "./rig-controls.ts";
import { drawCut, planText } from "./cut-plan.ts";
import { driveDeployments, runningOnDevice, type Driver } from "./drive-deployments.ts";
import {
  cyclesOf,
  emptyRigTally,
  type RigFinding,
  type RigInvariant,
  type RigTally,
} from "./rig-tally.ts";
import { runUntil, runUntilCut, type PowerCycleOptions } from "./run-power-cycle.ts";
import { Watch } from "./watch-device.ts";

export interface RigOptions {
  readonly folder: string;
  readonly images: RigImages;
  readonly seed: number;
  readonly cuts: number;
  readonly atomBytes: number;
  readonly isVolatile: boolean;
  /** A planted bug: the run ends when it is found. */
  readonly control?: RigControl;
  readonly say: (line: string) => void;
  /** After each cut, with what came of all so far. */
  readonly onProgress?: (result: RigResult) => void;
}

export interface RigResult {
  /** The name of the board. */
  readonly bootloader: string;
  readonly seed: number;
  readonly atomBytes: number;
  readonly isVolatile: boolean;
  readonly tally: RigTally;
  readonly findings: readonly RigFinding[];
}

/** An update from end to end, on a quiet machine: twice what it takes. */
const UPDATE_MS_MAX = 240_000;
const FINDINGS_MAX = 50;

/** How much slower this machine is than a quiet one: programs that want to run, for each processor. */
export const slowness = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/**
 * One device, one server, one release after the other: first an update without any trouble, then power cuts at moments
 * that `seed` draws, and in the end quiet, in which an update has to arrive.
 */
export async function runRig(options: RigOptions): Promise<RigResult> {
  const { folder, images, seed, atomBytes, isVolatile, say } = options;
  const begunAt = performance.now();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tally = emptyRigTally();
  const findings: RigFinding[] = [];
  const report = (invariant: RigInvariant, detail: string): void => {
    say(`FOUND ${invariant}: ${detail}`);
    if (findings.length < FINDINGS_MAX)
      findings.push({ cycle: cyclesOf(tally), invariant, detail });
    tally.found[invariant] += 1;
  };
  const world = await startRigWorld(join(folder, "world"), images, say);
  const result = (): RigResult => {
    tally.seconds = Math.round((performance.now() - begunAt) / 1_000);
    return { bootloader: images.board.name, seed, atomBytes, isVolatile, tally, findings };
  };
  try {
    const { device, watch } = await makeDevice(options, world, tally, report);
    try {
      const { control } = options;
      device.disk.ignoresFlush = control?.ignoresFlush === true;
      const isOver = (): boolean =>
        findings.length >= FINDINGS_MAX ||
        (control !== undefined && findings.some((finding) => isFoundBy(control, finding)));
      const refusesBootloader = control?.refusesBootloader === true;
      const power = { isVolatile, refusesBootloader, slowness };
      const cycle = { device, watch, tally, ...power, report, isOver };
      await runPhases(options, { world, cycle, report, result });
    } finally {
      copyCounters(device, tally);
      await device.close();
    }
  } finally {
    await world.stop();
  }
  return result();
}

async function makeDevice(
  { folder, images, seed, atomBytes, isVolatile, control }: RigOptions,
  world: RigWorld,
  tally: RigTally,
  report: (invariant: RigInvariant, detail: string) => void,
): Promise<{ readonly device: RigDevice; readonly watch: Watch }> {
  const diskFile = join(folder, "disk.img");
  const { board, systems, runtimeFile } = images;
  const scripts = board.scripts();
  const systemFile = present(systems[0], "the factory's system").file;
  makeDisk(
    {
      board,
      scripts: control?.plantInScripts?.(scripts) ?? scripts,
      systemFile,
      runtimeFile,
      provisioning: world.provisioning,
    },
    diskFile,
  );
  let watch: Watch | undefined;
  const device = await openRigDevice({
    board,
    diskFile,
    folder,
    atomBytes,
    random: seededRandom(seed),
    onDiskEvent: (event) => watch?.onDiskEvent(event),
  });
  watch = new Watch({
    device,
    systems,
    tally,
    triesMax: board.triesMax ?? TRIES_MAX,
    isVolatile,
    report,
  });
  return { device, watch };
}

interface Phases {
  readonly world: RigWorld;
  readonly cycle: PowerCycleOptions & { readonly isOver: () => boolean };
  readonly report: (invariant: RigInvariant, detail: string) => void;
  readonly result: () => RigResult;
}

async function runPhases(options: RigOptions, phases: Phases): Promise<void> {
  const { images, seed, cuts, control, say, onProgress } = options;
  const { world, cycle, report, result } = phases;
  const { tally } = cycle;
  const driver = driveDeployments(world.client, images.systems);
  try {
    await reach("one update without trouble", phases, () => successes(driver) > 0);
    // Of its own, so that what the disk does after a cut does not change when the next one comes.
    const random = seededRandom(seed + 1);
    const isEnough = (): boolean => (control === undefined ? tally.cuts : cyclesOf(tally)) >= cuts;
    while (!isEnough() && !cycle.isOver()) {
      const plan = drawCut(random, {
        slowness: slowness(),
        spare: holding(cycle.device.bootCopies())?.good === "a" ? "moult-b" : "moult-a",
        choice: images.board.firmware?.partition ?? "moult-env",
        moment: control?.cutAfter,
        isWriting: control?.cutsWriting,
      });
      await runUntilCut(cycle, plan);
      copyDeployments(driver, tally);
      copyCounters(cycle.device, tally);
      say(
        `cut ${cyclesOf(tally)}, ${tally.cuts} of them with something pending: ${planText(plan)}; ` +
          `${tally.starts} starts, ${tally.confirmations} confirmations, ${result().findings.length} findings`,
      );
      onProgress?.(result());
    }
    if (cycle.isOver()) return;
    driver.onlyHealthy();
    const before = successes(driver);
    const wanted = (): RigSystem | undefined => driver.ended.at(-1)?.system;
    await reach("an update after all cuts", phases, async () => {
      if (successes(driver) === before) return false;
      return (await runningOnDevice(world.client)) === wanted()?.name;
    });
    const slot = present(holding(cycle.device.bootCopies()), "a readable boot environment").good;
    const runs = images.systems.find(({ sha256 }) => sha256 === cycle.device.digestOf(slot));
    const said = await runningOnDevice(world.client);
    if (runs?.name !== said)
      report(
        "server-agrees",
        `the server says ${said ?? "nothing"}, slot ${slot} holds ${runs?.name ?? "a mixture"}`,
      );
  } finally {
    copyDeployments(driver, tally);
    await driver.stop();
  }
  for (const { system, succeeded } of driver.ended)
    if (system.health !== "healthy" && succeeded > 0)
      report("outcome-agrees", `the deployment of ${system.name} succeeded`);
}

async function reach(
  what: string,
  { cycle, report }: Phases,
  isDone: () => boolean | Promise<boolean>,
): Promise<void> {
  const hasCome = await runUntil(cycle, isDone, UPDATE_MS_MAX * slowness());
  if (!hasCome && !cycle.isOver()) report("outcome-agrees", `${what} did not come about`);
}

const successes = ({ ended }: Driver): number =>
  ended.filter(({ system, succeeded }) => system.health === "healthy" && succeeded > 0).length;

function copyDeployments(driver: Driver, tally: RigTally): void {
  tally.deployments.begun = driver.begun();
  tally.deployments.succeeded = driver.ended.filter(({ succeeded }) => succeeded > 0).length;
  tally.deployments.failed = driver.ended.filter(({ failed }) => failed > 0).length;
}

function copyCounters({ disk: { counters } }: RigDevice, { disk }: RigTally): void {
  const { writes, writtenBytes, flushes, forcedWrites } = counters;
  const { tornWrites, lostWrites, pendingBytesMax } = counters;
  const lost = { tornWrites, lostWrites, pendingBytesMax };
  Object.assign(disk, { writes, writtenBytes, flushes, forcedWrites, ...lost });
}
