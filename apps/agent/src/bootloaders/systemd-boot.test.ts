import type { BootChoice, BootControl, Slot } from "@moult/agent-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recordedLog } from "../installers/installer.fixture.ts";
import { EfiFirmware } from "./efi-firmware.fixture.ts";
import {
  createSystemdBootControl,
  readSelectedSlot,
  SYSTEMD_BOOT_VARIABLES,
} from "./systemd-boot.ts";

const control = (variables: EfiFirmware, booted: Slot = "a"): BootControl =>
  createSystemdBootControl({
    variables,
    booted: () => Promise.resolve(booted),
    log: recordedLog(),
  });

test("the factory's device starts slot a, also without any variable", async () => {
  expect(await control(new EfiFirmware()).read()).toEqual({
    good: "a",
    trial: null,
    triesLeft: 0,
  });
});

test("a trial has one start, whatever was asked for, and ends in the good slot", async () => {
  const firmware = new EfiFirmware();
  await control(firmware).arm("b", 2);
  expect(await control(firmware).read()).toEqual({ good: "a", trial: "b", triesLeft: 1 });
  expect([firmware.start(), firmware.start()]).toEqual(["b", "a"]);
  expect(await control(firmware).read()).toEqual({ good: "a", trial: "b", triesLeft: 0 });
});

test("a slot that runs on trial is told from one that was started by hand", async () => {
  const firmware = new EfiFirmware();
  await control(firmware).arm("b", 1);
  firmware.start();
  expect(await control(firmware, "b").read()).toMatchObject({ trial: "b" });
  expect(await readSelectedSlot(firmware)).toBe("b");
  await control(firmware, "b").disarm();
  expect(await control(firmware, "b").read()).toMatchObject({ trial: null });
});

test("a trial without starts stays marked, and is not started", async () => {
  const firmware = new EfiFirmware();
  await control(firmware).arm("b", 1);
  await control(firmware).arm("b", 0);
  expect(firmware.start()).toBe("a");
  expect(await control(firmware).read()).toEqual({ good: "a", trial: "b", triesLeft: 0 });
});

test("a confirmed slot is the good one, and nothing of its trial is left", async () => {
  const firmware = new EfiFirmware();
  await control(firmware).arm("b", 1);
  firmware.start();
  await control(firmware, "b").confirm("b");
  expect(await control(firmware, "b").read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
  expect([firmware.start(), firmware.start()]).toEqual(["b", "b"]);
  expect(firmware.values.has(SYSTEMD_BOOT_VARIABLES.mark)).toBe(false);
});

test("an entry that another program named is no slot", async () => {
  const { good, selected } = SYSTEMD_BOOT_VARIABLES;
  const other = Uint8Array.from(Buffer.from("windows.conf\0", "utf16le"));
  const firmware = new EfiFirmware(
    new Map([
      [good, other],
      [selected, other],
    ]),
  );
  await expect(readSelectedSlot(firmware)).rejects.toThrow("booted-slot-unknown");
  await expect(readSelectedSlot(new EfiFirmware())).rejects.toThrow("booted-slot-unknown");
});

test("names are compared as FAT compares them", async () => {
  const upper = Uint8Array.from(Buffer.from("MOULT-B.EFI\0", "utf16le"));
  const firmware = new EfiFirmware(new Map([[SYSTEMD_BOOT_VARIABLES.selected, upper]]));
  expect(await readSelectedSlot(firmware)).toBe("b");
});

describe("power that goes between two variables", () => {
  interface Change {
    readonly says: string;
    /** What the bootloader and earlier agents left. */
    readonly prepare: (firmware: EfiFirmware) => Promise<Slot>;
    readonly change: (boot: BootControl) => Promise<void>;
    readonly after: BootChoice;
  }
  const armed = async (firmware: EfiFirmware): Promise<Slot> => {
    await control(firmware).arm("b", 1);
    return "a";
  };
  const CHANGES: readonly Change[] = [
    {
      says: "arms",
      prepare: () => Promise.resolve("a"),
      change: (boot) => boot.arm("b", 1),
      after: { good: "a", trial: "b", triesLeft: 1 },
    },
    {
      says: "disarms",
      prepare: armed,
      change: (boot) => boot.disarm(),
      after: { good: "a", trial: null, triesLeft: 0 },
    },
    {
      says: "confirms",
      prepare: async (firmware) => {
        await armed(firmware);
        return firmware.start();
      },
      change: (boot) => boot.confirm("b"),
      after: { good: "b", trial: null, triesLeft: 0 },
    },
    {
      says: "takes a confirmation back",
      prepare: async (firmware) => {
        await armed(firmware);
        firmware.start();
        await control(firmware, "b").confirm("b");
        return "b";
      },
      change: (boot) => boot.confirm("a"),
      after: { good: "a", trial: null, triesLeft: 0 },
    },
  ];

  test.each(CHANGES)(
    "while the agent $says leaves what was chosen before or after, or a trial that is not started; and can be repeated",
    async ({ prepare, change, after }) => {
      for (let changes = 0; ; changes += 1) {
        const prepared = new EfiFirmware();
        const running = await prepare(prepared);
        const before = await control(prepared, running).read();
        const firmware = new EfiFirmware(prepared.values, changes);
        const isDone = await change(control(firmware, running)).then(
          () => true,
          () => false,
        );
        const left = new EfiFirmware(firmware.values);
        const now = await control(left).read();
        const notStarted = [before, after].map(({ good }) => ({ good, trial: "b", triesLeft: 0 }));
        expect([before, after, ...notStarted]).toContainEqual(now);
        // Whatever is started without being the good one is marked: it will not be taken for a slot chosen by hand.
        const started = new EfiFirmware(left.values);
        const slot = started.start();
        const { good, trial } = await control(started, slot).read();
        expect([good, trial]).toContain(slot);

        const again = new EfiFirmware(left.values);
        if (isDone || running === "a") {
          await change(control(again, running));
          expect(await control(again).read()).toEqual(after);
        }
        if (isDone) break;
      }
    },
  );

  type Step = "arm" | "start" | "confirm" | "disarm" | "settle" | "cut";

  test("whatever agents, starts and power cuts do in turn, a start chooses the good slot or the one on trial, which is marked", async () => {
    const step = fc.constantFrom<Step>("arm", "start", "confirm", "disarm", "settle", "cut");
    const steps = fc.array(fc.tuple(step, fc.nat(4)), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        let firmware = new EfiFirmware();
        let running: Slot = firmware.start();
        for (const [what, changes] of list) {
          const before = await control(firmware, running).read();
          if (what === "start" || what === "cut") {
            running = firmware.start();
            expect(running).toBe(before.triesLeft > 0 ? before.trial : before.good);
            expect([before.good, before.trial]).toContain(running);
            continue;
          }
          const cut = new EfiFirmware(firmware.values, changes);
          const boot = control(cut, running);
          const spare = before.good === "a" ? "b" : "a";
          const run: Readonly<Record<typeof what, () => Promise<void>>> = {
            arm: () => (before.good === running ? boot.arm(spare, 1) : Promise.resolve()),
            confirm: () => boot.confirm(running),
            disarm: () => boot.disarm(),
            settle: () => boot.settle(),
          };
          await run[what]().catch(() => undefined);
          firmware = new EfiFirmware(cut.values);
          if (what !== "confirm") expect((await control(firmware).read()).good).toBe(before.good);
        }
      }),
      { numRuns: 300 },
    );
  });
});
