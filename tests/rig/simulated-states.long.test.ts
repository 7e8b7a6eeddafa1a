import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BOOT_COPY_NAMES,
  decodeBootCopy,
  type BootEnvironment,
  type Slot,
} from "@moult/agent-core";
import {
  FAULT_LEVELS,
  grubFirmware,
  SHIPPED,
  simulateSeed,
  type SeenBootPlan,
} from "@moult/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { platform } from "../../tools/sim/platform.ts";
import { startManyTimes, type DiskState } from "./many-starts.fixture.ts";
import { makeGrubMachine, type Choice, type ScriptMachine } from "./script-machine.fixture.ts";

// Power cuts of the simulator leave boot environments and slots; the real GRUB is shown each and has to start what the model of
// GRUB starts. So what the simulator proves, it proves of GRUB.

const STATES = 200;
const SEEDS_MAX = 3_000;

let folder: string;
let machine: ScriptMachine;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-states-"));
  machine = makeGrubMachine(folder);
});
afterAll(() => {
  machine.close();
  rmSync(folder, { recursive: true, force: true });
});

interface State {
  /** What a bootloader sees, without the generations' numbers: only which is higher counts. */
  readonly shape: string;
  readonly copies: readonly [BootEnvironment | undefined, BootEnvironment | undefined];
  readonly isLoadable: Readonly<Record<Slot, boolean>>;
  /** What the model starts. */
  readonly starts: Slot;
  readonly after: readonly [BootEnvironment | undefined, BootEnvironment | undefined];
}

test(`what GRUB starts after ${STATES} simulated power cuts is what the model starts`, async () => {
  const states = await simulatedStates();
  expect(states.length).toBe(STATES);
  expect(new Set(states.map(({ shape }) => shape)).size).toBeGreaterThan(20);
  // Some are a trial that is counted.
  expect(states.some(({ after, copies }) => after !== copies)).toBe(true);

  const seen = await startManyTimes(machine, states.map(diskOf));

  for (const [index, state] of states.entries()) {
    const { said, sectors } = seen[index] ?? { said: "nothing", sectors: [] };
    const started = /moult\.slot=([ab])/.exec(said)?.[1];
    expect({ started, shape: state.shape }).toEqual({ started: state.starts, shape: state.shape });
    expect(sectors.map((sector) => sector.toString("latin1"))).toEqual(
      state.after.map((copy) => sectorOf(copy).toString("latin1")),
    );
  }
});

/** Different ones; of each shape there is some state before there is a second of another. */
async function simulatedStates(): Promise<readonly State[]> {
  const byShape = new Map<string, Map<string, State>>();
  const count = () => [...byShape.values()].reduce((sum, { size }) => sum + size, 0);
  for (let seed = 0; seed < SEEDS_MAX && count() < 2 * STATES; seed += 1) {
    const level = FAULT_LEVELS[seed % FAULT_LEVELS.length] ?? "L1";
    const shipped = { ...SHIPPED, firmware: grubFirmware };
    await simulateSeed({
      platform,
      seed,
      level,
      shipped,
      onBootPlan: (plan) => {
        const state = stateOf(plan);
        if (state === undefined) return;
        const alike = byShape.get(state.shape) ?? new Map<string, State>();
        alike.set(JSON.stringify(state.copies), state);
        byShape.set(state.shape, alike);
      },
    });
  }
  const columns = [...byShape.values()].map((alike) => [...alike.values()]);
  const rows = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: rows }, (_, row) => columns.flatMap((column) => column[row] ?? []))
    .flat()
    .slice(0, STATES);
}

/** Undefined where nothing can be loaded: then a bootloader only tries again. */
function stateOf({ copies: found, isLoadable, plan }: SeenBootPlan): State | undefined {
  const [first, second] = BOOT_COPY_NAMES;
  const decoded = (name: string): BootEnvironment | undefined => {
    const bytes = found[name];
    return bytes === undefined || bytes === null ? undefined : decodeBootCopy(bytes);
  };
  const copies = [decoded(first), decoded(second)] as const;
  const starts = plan.order.find((slot) => isLoadable[slot]);
  if (starts === undefined) return undefined;
  const afterOf = (name: string, before: BootEnvironment | undefined) =>
    plan.write?.name === name ? decodeBootCopy(plan.write.bytes) : before;
  const words = copies.map((copy) =>
    copy === undefined ? "-" : `${copy.good}/${copy.trial ?? ""}/${copy.triesLeft}`,
  );
  const newer = Math.sign((copies[0]?.generation ?? 0) - (copies[1]?.generation ?? 0));
  return {
    shape: `${words.join(" ")} ${newer} ${isLoadable.a}/${isLoadable.b}`,
    copies,
    isLoadable,
    starts,
    after: plan.write === null ? copies : [afterOf(first, copies[0]), afterOf(second, copies[1])],
  };
}

const DAMAGED = Buffer.alloc(512, 0x5a);

function sectorOf(copy: BootEnvironment | undefined): Buffer {
  if (copy === undefined) return DAMAGED;
  const { generation, good, trial, triesLeft } = copy;
  const choice: Choice = { generation, good, trial: trial ?? "", tries: triesLeft };
  return machine.sectorOf(choice);
}

const diskOf = ({ copies, isLoadable }: State): DiskState => ({
  sectors: [sectorOf(copies[0]), sectorOf(copies[1])],
  isLoadable,
});
