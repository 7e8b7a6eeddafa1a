import fc from "fast-check";
import { expect, test } from "vitest";
import type { BootChoice, BootControl, Slot } from "./boot-control.ts";
import { bootEnvironmentOf, chooseBoot, type BootCopies } from "./boot-environment.ts";
import { BOOT_COPY_NAMES, createFileBootControl } from "./file-boot-control.ts";
import { cutEverywhere, LossyDisk, Power, silentLog } from "./lossy-disk.fixture.ts";

const control = (disk: LossyDisk, booted: Slot = "a"): BootControl =>
  createFileBootControl({
    files: disk.files(),
    booted: () => Promise.resolve(booted),
    log: silentLog,
  });

const copiesOn = async (disk: LossyDisk): Promise<BootCopies> => [
  await disk.files().read(BOOT_COPY_NAMES[0]),
  await disk.files().read(BOOT_COPY_NAMES[1]),
];

/** A start, whose bootloader writes but cannot sync. */
async function startFrom(disk: LossyDisk): Promise<Slot> {
  const { slot, write } = chooseBoot(await copiesOn(disk));
  if (write !== null) await disk.files().writeInPlace(BOOT_COPY_NAMES[write.copy], 0, write.bytes);
  return slot;
}

/** A device whose boot environment was written before, twice, so that both copies are there. */
async function aDisk(): Promise<LossyDisk> {
  const disk = new LossyDisk();
  await control(disk).arm("b", 1);
  await control(disk).confirm("a");
  return disk;
}

test("a device without a boot environment starts from slot a, until the first change", async () => {
  const disk = new LossyDisk();
  expect(await control(disk).read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
  await control(disk).arm("b", 2);
  expect(await control(disk).read()).toEqual({ good: "a", trial: "b", triesLeft: 2 });
});

test("a trial is armed, counted down by starts, and ends in the good slot", async () => {
  const disk = await aDisk();
  await control(disk).arm("b", 2);
  const slots = [await startFrom(disk), await startFrom(disk), await startFrom(disk)];
  expect(slots).toEqual(["b", "b", "a"]);
});

test("a confirmed slot is the good one, and its trial is over", async () => {
  const disk = await aDisk();
  await control(disk).arm("b", 2);
  await startFrom(disk);
  await control(disk, "b").confirm("b");
  expect(await control(disk).read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
  expect(await startFrom(disk)).toBe("b");
});

test("the good slot cannot be put on trial", async () => {
  await expect(control(await aDisk()).arm("a", 2)).rejects.toThrow("needs no trial");
});

test("a change that is repeated writes nothing", async () => {
  const disk = await aDisk();
  await control(disk).disarm();
  const before = await copiesOn(disk);
  await control(disk).disarm();
  expect(await copiesOn(disk)).toEqual(before);
});

const CHANGES: readonly [string, (boot: BootControl) => Promise<void>, BootChoice][] = [
  ["arms", (boot) => boot.arm("b", 2), { good: "a", trial: "b", triesLeft: 2 }],
  ["confirms", (boot) => boot.confirm("b"), { good: "b", trial: null, triesLeft: 0 }],
  ["disarms", (boot) => boot.disarm(), { good: "a", trial: null, triesLeft: 0 }],
];

test.each(CHANGES)(
  "power that goes while the agent %s leaves the choice before or the one after",
  async (_, change, after) => {
    const prepared = async (): Promise<LossyDisk> => {
      const disk = await aDisk();
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
        expect(chooseBoot(await copiesOn(disk)).isCertain).toBe(true);
        expect([before, after]).toContainEqual(await control(disk).read());
      },
    );
    expect(checked).toBeGreaterThan(4);
  },
);

test("power that goes while a trial confirms itself, whose start wrote what it could not sync, loses neither", async () => {
  await cutEverywhere(
    async (power) => {
      const disk = await aDisk();
      await control(disk).arm("b", 2);
      await startFrom(disk);
      await startFrom(disk);
      disk.withPower(power);
      return { disk, work: control(disk, "b").confirm("b") };
    },
    async (disk) => {
      const { isCertain, good, slot } = chooseBoot(await copiesOn(disk));
      expect({ isCertain, slot: good === "b" ? slot : "b" }).toEqual({
        isCertain: true,
        slot: "b",
      });
      expect(["a", "b"]).toContain(good);
    },
  );
});

test("a change is durable when it returns", async () => {
  for (const [, change, after] of CHANGES) {
    const disk = await aDisk();
    await control(disk).arm("b", 1);
    await change(control(disk));
    for (const crashed of disk.crashStates())
      expect(await control(crashed()).read()).toEqual(after);
  }
});

test("a change that power cut off holds by both copies once it is settled, whatever a start misreads", async () => {
  const checked = await cutEverywhere(
    async (power) => {
      const disk = await aDisk();
      await control(disk).arm("b", 2);
      await startFrom(disk);
      disk.withPower(power);
      return { disk, work: control(disk, "b").confirm("b") };
    },
    async (disk) => {
      const before = await control(disk).read();
      await control(disk).settle();
      const [first, second] = await copiesOn(disk);
      for (const copies of [
        [first, second] as const,
        [first, undefined] as const,
        [undefined, second] as const,
      ]) {
        expect(bootEnvironmentOf(copies)?.environment).toMatchObject(before);
      }
    },
  );
  expect(checked).toBeGreaterThan(4);
});

test("where nothing was chosen yet, settling writes nothing", async () => {
  const disk = new LossyDisk();
  await control(disk).settle();
  expect(await copiesOn(disk)).toEqual([undefined, undefined]);
});

type Step = "arm" | "start" | "confirm" | "disarm" | "cut";

test("whatever agents, starts and power cuts do in turn, a start chooses the good slot or the armed one", async () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom<Step>("arm", "start", "start", "confirm", "disarm", "cut"), fc.nat()),
    { maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      let disk = await aDisk();
      let running: Slot = "a";
      for (const [step, fate] of list) {
        const boot = control(disk, running);
        const { good, trial } = await boot.read();
        if (step === "arm" && good === running) await boot.arm(good === "a" ? "b" : "a", 2);
        if (step === "confirm") await boot.confirm(running);
        if (step === "disarm") await boot.disarm();
        if (step === "cut") {
          const states = [...disk.crashStates()];
          disk = present(states[fate % states.length])();
        }
        if (step === "start" || step === "cut") {
          const before = await control(disk).read();
          expect(before.good).toBe(good);
          expect([null, trial]).toContain(before.trial);
          running = await startFrom(disk);
          expect([good, trial]).toContain(running);
        }
        expect(chooseBoot(await copiesOn(disk)).isCertain).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is always a state");
  return value;
}

test("a copy that cannot be read any more is as good as none", async () => {
  const disk = await aDisk();
  await control(disk).arm("b", 2);
  const files = disk.files();
  const boot = createFileBootControl({
    files: {
      ...files,
      read: (name) =>
        name === BOOT_COPY_NAMES[0] ? Promise.reject(new Error("EIO")) : files.read(name),
    },
    booted: () => Promise.resolve("a"),
    log: silentLog,
  });
  await boot.confirm("a");
  expect(await control(disk.withPower(new Power())).read()).toMatchObject({
    good: "a",
    trial: null,
  });
});
