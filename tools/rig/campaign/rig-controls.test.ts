import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../build/bundle-program.ts";
import { BOARDS } from "../boards/boards.ts";
import { isFoundBy, RIG_CONTROLS, type RigControl } from "./rig-controls.ts";

const CONTROLS: readonly (readonly [string, RigControl])[] = Object.entries(RIG_CONTROLS);

describe.each(CONTROLS)("the planted bug %s", (_, control) => {
  test("has its place in the sources of the agent, and once", () => {
    for (const { file, find } of control.agentEdits ?? []) {
      const found = readFileSync(join(ROOT, file), "utf8").split(find).length - 1;
      expect({ file, find, found }).toEqual({ file, find, found: 1 });
    }
  });

  test("has its place in the scripts of every bootloader that it is for", () => {
    const boards = Object.values(BOARDS).filter(
      ({ name }) => control.boards?.includes(name) ?? true,
    );
    expect(boards.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...(control.boards ?? ["grub"])]),
    );
    for (const board of boards) {
      const scripts = board.scripts();
      const planted = control.plantInScripts?.(scripts);
      if (planted !== undefined) expect(planted).not.toEqual(scripts);
    }
  });
});

test("every bootloader has bugs planted that only it can have, or that its kind has", () => {
  for (const name of Object.keys(BOARDS)) {
    const own = CONTROLS.filter(([, { boards }]) => boards?.includes(name) === true);
    expect({ name, own: own.length }).not.toEqual({ name, own: 0 });
  }
});

test("a bug that only power cuts can show is not found before there was one", () => {
  const finding = { invariant: "no-kernel-trouble", detail: "" } as const;
  const control = RIG_CONTROLS["slot-not-synced"];
  expect(isFoundBy(control, { ...finding, cycle: 0 })).toBe(false);
  expect(isFoundBy(control, { ...finding, cycle: 1 })).toBe(true);
  expect(isFoundBy(control, { ...finding, invariant: "trial-is-bounded", cycle: 1 })).toBe(false);

  const anyUpdate = { ...finding, invariant: "running-slot-untouched", cycle: 0 } as const;
  expect(isFoundBy(RIG_CONTROLS["running-slot-written"], anyUpdate)).toBe(true);
});
