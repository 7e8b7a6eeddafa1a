import { bootEnvironmentOf, type BootChoice, type BootControl, type Slot } from "@moult/agent-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECTOR_BYTES } from "./boot-copies.ts";
import { BOOTLOADERS, copiesOn } from "./boot-disks.fixture.ts";
import { cutEverywhere, type SectorDisk } from "./sector-disk.fixture.ts";

// What the agent relies on, whatever the bootloader.

const CHANGES: readonly [string, (boot: BootControl) => Promise<void>, BootChoice][] = [
  ["arms", (boot) => boot.arm("b", 2), { good: "a", trial: "b", triesLeft: 2 }],
  ["confirms", (boot) => boot.confirm("b"), { good: "b", trial: null, triesLeft: 0 }],
  ["disarms", (boot) => boot.disarm(), { good: "a", trial: null, triesLeft: 0 }],
];

describe.each(BOOTLOADERS)("$name", (bootloader) => {
  const { control, start, offsets } = bootloader;
  const aDisk = (): SectorDisk => bootloader.disk();
  const chosen = (disk: SectorDisk) => bootEnvironmentOf(copiesOn(disk, bootloader))?.environment;

  test("a trial is armed, counted down by starts, and ends in the good slot", async () => {
    const disk = aDisk();
    await control(disk).arm("b", 2);
    expect([start(disk), start(disk), start(disk), start(disk)]).toEqual(["b", "b", "a", "a"]);
    expect(await control(disk).read()).toEqual({ good: "a", trial: "b", triesLeft: 0 });
  });

  test("a trial without starts stays marked, and is not started", async () => {
    const disk = aDisk();
    await control(disk).arm("b", 0);
    expect(start(disk)).toBe("a");
    expect(await control(disk).read()).toEqual({ good: "a", trial: "b", triesLeft: 0 });
  });

  test("a confirmed slot is the good one, and its trial is over", async () => {
    const disk = aDisk();
    await control(disk).arm("b", 2);
    start(disk);
    await control(disk, "b").confirm("b");
    expect(await control(disk).read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
    expect(start(disk)).toBe("b");
  });

  test("a change writes one sector at a time, in the place of a copy, and is durable when it returns", async () => {
    for (const [, change, after] of CHANGES) {
      const disk = aDisk();
      await control(disk).arm("b", 1);
      await change(control(disk));
      expect(disk.writes.length).toBeGreaterThan(0);
      for (const { offset, bytes } of disk.writes) {
        expect(offsets).toContain(offset);
        expect(bytes.length).toBe(SECTOR_BYTES);
        expect(offset % SECTOR_BYTES).toBe(0);
      }
      for (const crashed of disk.crashStates())
        expect(await control(crashed).read()).toEqual(after);
    }
  });

  test.each(CHANGES)(
    "power that goes while the agent %s leaves the choice before or the one after",
    async (_, change, after) => {
      const prepared = async (): Promise<SectorDisk> => {
        const disk = aDisk();
        if (after.trial === null) await control(disk).arm("b", 2);
        return disk;
      };
      const before = await control(await prepared()).read();
      const checked = await cutEverywhere(
        async (power) => {
          const disk = (await prepared()).withPower(power);
          return { disk, work: change(control(disk)) };
        },
        async (disk) => {
          expect(chosen(disk)).toBeDefined();
          expect([before, after]).toContainEqual(await control(disk).read());
        },
      );
      expect(checked).toBeGreaterThan(6);
    },
  );

  test("power that goes while a trial confirms itself, whose starts were counted without a flush, loses neither slot", async () => {
    await cutEverywhere(
      async (power) => {
        const disk = aDisk();
        await control(disk).arm("b", 2);
        start(disk);
        start(disk);
        disk.withPower(power);
        return { disk, work: control(disk, "b").confirm("b") };
      },
      async (disk) => {
        const now = await control(disk).read();
        expect(chosen(disk)).toBeDefined();
        if (now.good === "a") expect(now.trial).toBe("b");
        else expect(now).toEqual({ good: "b", trial: null, triesLeft: 0 });
      },
    );
  });

  test("what a start wrote without a flush is durable once the agent has read", async () => {
    const disk = aDisk();
    await control(disk).arm("b", 2);
    start(disk);
    await control(disk, "b").read();
    expect([...disk.crashStates()]).toHaveLength(1);
  });

  test("a copy that is damaged is as good as none, and the next change mends it", async () => {
    for (const offset of offsets) {
      const disk = aDisk();
      await control(disk).arm("b", 2);
      disk.put(offset, new Uint8Array(SECTOR_BYTES).fill(0x5a));
      expect(await control(disk).read()).toEqual({ good: "a", trial: "b", triesLeft: 2 });
      await control(disk).confirm("b");
      expect(copiesOn(disk, bootloader)).not.toContain(undefined);
      expect(await control(disk).read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
    }
  });

  type Step = "arm" | "start" | "confirm" | "disarm" | "cut";

  test("what follows a copy and is damaged, so that the bootloader would not count, is mended by the next change", async () => {
    const { behind } = bootloader.form;
    const disk = aDisk();
    for (const offset of offsets)
      disk.put(offset + SECTOR_BYTES, new Uint8Array(SECTOR_BYTES).fill(90));
    await control(disk).arm("b", 2);
    for (const offset of offsets)
      expect(disk.sector(offset + SECTOR_BYTES)).toEqual(
        behind ?? new Uint8Array(SECTOR_BYTES).fill(90),
      );
  });

  test("whatever agents, starts and power cuts do in turn, a start chooses the good slot or the armed one", async () => {
    const step = fc.constantFrom<Step>("arm", "start", "start", "confirm", "disarm", "cut");
    const steps = fc.array(fc.tuple(step, fc.nat()), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        let disk = aDisk();
        let running: Slot = "a";
        for (const [what, fate] of list) {
          const boot = control(disk, running);
          if (what === "cut") {
            // Before an agent reads, so that what bootloaders wrote is still pending.
            const before = chosen(disk);
            const states = [...disk.crashStates()];
            disk = states[fate % states.length] ?? disk;
            expect(chosen(disk)?.good).toBe(before?.good);
            expect([null, before?.trial]).toContain(chosen(disk)?.trial);
            continue;
          }
          if (what === "start") {
            const { good, trial } = chosen(disk) ?? { good: "a", trial: null };
            running = start(disk);
            expect([good, trial]).toContain(running);
            continue;
          }
          const { good } = await boot.read();
          if (what === "arm" && good === running) await boot.arm(good === "a" ? "b" : "a", 2);
          if (what === "confirm") await boot.confirm(running);
          if (what === "disarm") await boot.disarm();
          expect(chosen(disk)).toBeDefined();
        }
      }),
      { numRuns: 150 },
    );
  });
});
