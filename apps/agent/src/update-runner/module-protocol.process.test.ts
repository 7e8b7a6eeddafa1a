import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  FAULTS,
  GOOD_CELLS,
  MODULE_CELLS,
  MODULE_STATES,
  SCRIPT_CELLS,
  SCRIPT_FAULTS,
} from "./protocol-cells.fixture.ts";
import { DIFFERENCES } from "./mender-differences.fixture.ts";
import { storyOf, type Fault, type Plan } from "./protocol-model.fixture.ts";
import { playAll, SCRIPTS, type Played } from "./protocol-play.fixture.ts";

// Every state of an update module and every state script, going wrong in every way: run by the real agent, which is really
// killed, and compared with what Mender's documents say that a client calls, and with what Mender's own tests expect of it.

interface MenderCase {
  readonly name: string;
  readonly rollback: "Yes" | "No";
  readonly reboot: "Yes" | "No";
  readonly sizes: "" | "Yes" | "No";
  readonly fail?: readonly string[];
  readonly kill?: readonly string[];
  readonly hang?: readonly string[];
  readonly forever?: boolean;
  readonly ends: "old" | "new" | "new_INCONSISTENT";
  readonly calls: string;
}

const MENDER = JSON.parse(
  readFileSync(new URL("./mender-states.json", import.meta.url), "utf8"),
) as { readonly cases: readonly MenderCase[] };

function planOf({ rollback, reboot, sizes, fail, kill, hang, forever }: MenderCase): Plan {
  const each = (names: readonly string[] | undefined, fault: Fault) =>
    (names ?? []).map((name) => [name, fault] as const);
  return {
    rollback,
    reboot,
    ...(sizes === "" ? {} : { sizes }),
    faults: Object.fromEntries([
      ...each(fail, "fails"),
      ...each(kill, "agent-killed"),
      ...each(hang, "hangs"),
    ]),
    ...(forever === true ? { isForEver: true } : {}),
  };
}

const CELLS = [...GOOD_CELLS, ...MODULE_CELLS, ...SCRIPT_CELLS];
/** Kills without end take as many starts of the agent, which is for a test of its own. */
const isLoopOfKills = ({ forever, kill }: MenderCase): boolean =>
  forever === true && kill !== undefined;
const MENDER_CASES = MENDER.cases
  .filter((given) => !isLoopOfKills(given))
  .map((given) => ({ ...given, plan: planOf(given) }));

/** Cases that ask for the same are played once. */
const keyOf = ({ faults, ...plan }: Plan): string =>
  JSON.stringify({
    ...plan,
    sizes: plan.sizes ?? "",
    faults: Object.entries(faults).map(String).toSorted(),
  });
const played = new Map<string, Played>();

function playedOf(plan: Plan): Played {
  const found = played.get(keyOf(plan));
  if (found === undefined) throw new Error("it was not played");
  return found;
}

beforeAll(async () => {
  const plans = new Map([...CELLS, ...MENDER_CASES].map(({ plan }) => [keyOf(plan), plan]));
  const results = await playAll([...plans.values()]);
  for (const [at, key] of [...plans.keys()].entries()) {
    const result = results[at];
    if (result !== undefined) played.set(key, result);
  }
}, 300_000);

describe("modules and scripts are called as Mender's documents say when", () => {
  test.each(CELLS)("$title", ({ plan }) => {
    const { calls, outcome, code, runs } = storyOf(plan);
    const device = playedOf(plan);

    expect(device.calls).toEqual(calls);
    expect(device.runs).toBe(runs);
    const finished = device.reports.filter(({ kind }) => kind === "finished");
    expect(finished).toHaveLength(1);
    expect(finished[0]).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) });
  });
});

describe("modules and scripts are called as Mender's own tests expect in", () => {
  test.each(MENDER_CASES)("$name", ({ name: title, plan, calls, ends }) => {
    const expected = { calls, ends };
    const { why, ...difference } = DIFFERENCES[title] ?? { why: "" };
    const device = playedOf(plan);
    // Mender's tests do not log these two, and leave open when they are asked.
    const heard = device.calls.filter(
      (name) => name !== "SupportsRollback" && name !== "NeedsArtifactReboot",
    );
    expect({ calls: heard.join(" "), ends: device.runs }).toEqual({ ...expected, ...difference });
    if (why !== "") expect(difference, "a difference is one").not.toMatchObject(expected);
  });
});

test("every state and script, every fault and every answer has its cell", () => {
  const without = (names: readonly string[], faults: readonly Fault[]): readonly string[] =>
    names.flatMap((name) =>
      faults
        .filter((fault) => !CELLS.some(({ plan }) => plan.faults[name] === fault))
        .map((fault) => `${name} ${fault}`),
    );

  expect(
    without(
      MODULE_STATES.map((state) => state.name),
      FAULTS,
    ),
  ).toEqual([]);
  expect(without(SCRIPTS, SCRIPT_FAULTS)).toEqual([]);
});
