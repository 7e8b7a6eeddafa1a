import { expect, test } from "vitest";
import { GRUB } from "../boards/grub.ts";
import { slotOf } from "../image/disk-layout.ts";
import type { BootCopy } from "./boot-copies-on-disk.ts";
import { emptyRigTally } from "./rig-tally.ts";
import { Watch } from "./watch-device.ts";

const SYSTEMS = (["healthy", "cut-off", "healthy", "without-kernel"] as const).map(
  (health, index) => ({
    name: `rig-${index + 1}`,
    health,
    file: "",
    sha256: `digest of rig-${index + 1}`,
  }),
);

/** A device as the watch sees it: two copies of its environment, and a system in each slot. */
function watched({ isVolatile = false } = {}) {
  const found: string[] = [];
  const tally = emptyRigTally();
  const device = {
    board: GRUB,
    copies: [copy(), copy({ generation: 2 })] as [BootCopy | undefined, BootCopy | undefined],
    slots: { a: "digest of rig-1", b: "digest of rig-3" } as Record<string, string>,
    disk: { ignoresForce: true, ignoresFlush: false, refusesWrites: true },
    bootOffsets: [8_192, 12_288] as const,
    bootBlocks: () => [Buffer.alloc(1_024), Buffer.alloc(1_024)] as const,
    faultBeside: () => undefined,
    bootCopies() {
      return this.copies;
    },
    digestOf(slot: string) {
      return this.slots[slot] ?? "";
    },
  };
  const watch = new Watch({
    device,
    systems: SYSTEMS,
    tally,
    triesMax: 2,
    isVolatile,
    report: (invariant) => found.push(invariant),
  });
  return { watch, device, found, tally };
}

function copy(over: Partial<BootCopy> = {}): BootCopy {
  return { generation: 1, good: "a", trial: "", tries: 0, ...over };
}

const START = "moult: start slot=a good=a trial= tries=0";
const INIT = "@@ INIT slot=a version=rig-1 fua=0 cache=write-back up=3.33";

test("a device that starts what its disk says, and runs it whole, is in order", () => {
  const { watch, found, tally, device } = watched();
  watch.beforeStart();
  for (const line of [START, INIT]) watch.onLine(line);
  watch.afterEnd(true);
  expect(found).toEqual([]);
  expect(tally).toMatchObject({ starts: 1, trialStarts: 0 });
  expect(device.disk.ignoresForce).toBe(false);
});

test("a disk that is shut down by a restart may fail whoever reads still, and no other start's", () => {
  const { watch, found } = watched();
  const unreadable = "[   65.1] I/O error, dev vda, sector 211592 op 0x0:(READ) flags 0x0";
  watch.beforeStart();
  for (const line of [START, INIT, "@@ REBOOT up=64.9", unreadable]) watch.onLine(line);
  expect(found).toEqual([]);
  watch.onLine("[   65.2] Kernel panic - not syncing");
  expect(found).toEqual(["no-kernel-trouble"]);

  watch.beforeStart();
  for (const line of [START, unreadable]) watch.onLine(line);
  expect(found).toEqual(["no-kernel-trouble", "no-kernel-trouble"]);
});

test.each<[invariant: string, lines: string[]]>([
  ["start-as-chosen", ["moult: start slot=b good=b trial= tries=0"]],
  ["start-as-chosen", ["moult: tries cannot be counted"]],
  ["start-as-chosen", [START, INIT.replace("slot=a", "slot=b").replace("rig-1", "rig-3")]],
  ["boots-whole-system", [START, INIT.replace("rig-1", "rig-2")]],
  ["cache-is-known", [START, INIT.replace("write-back", "write-through")]],
  ["no-kernel-trouble", [START, "[    1.0] Kernel panic - not syncing"]],
  ["identity-kept", [START, INIT, "@@ LOST /keep up=4"]],
])("%s is found", (invariant, lines) => {
  const { watch, found } = watched();
  watch.beforeStart();
  for (const line of lines) watch.onLine(line);
  expect(found).toEqual([invariant]);
});

test("a slot that holds a mixture is found when it runs, and when it is the good one", () => {
  const { watch, found, device } = watched();
  device.slots["a"] = "digest of half a system";
  watch.beforeStart();
  for (const line of [START, INIT]) watch.onLine(line);
  watch.afterEnd(true);
  expect(found).toEqual(["boots-whole-system", "good-slot-whole"]);
});

test("a system that reaches no server is found as soon as it is the good one", () => {
  const { watch, found, device } = watched();
  device.slots["a"] = "digest of rig-2";
  watch.afterEnd(false);
  expect(found).toEqual(["good-slot-healthy"]);
});

test("an environment without a copy that can be read is found", () => {
  const { watch, found, device } = watched();
  device.copies = [undefined, undefined];
  watch.afterEnd(true);
  expect(found).toEqual(["environment-readable"]);
});

test("a write to the slot that runs is found, once; one to the other slot is in order", () => {
  const { watch, found } = watched();
  const write = (slot: string) =>
    watch.onDiskEvent({
      kind: "write",
      offset: slotOf(GRUB.layout, slot).startBytes + 4096,
      bytes: Buffer.alloc(512),
      isForced: false,
    });
  write("a");
  watch.beforeStart();
  for (const line of [START, INIT]) watch.onLine(line);
  write("b");
  expect(found).toEqual([]);
  write("a");
  write("a");
  expect(found).toEqual(["running-slot-untouched"]);
});

test.each([
  [false, ["trial-is-bounded"]],
  [true, []],
])(
  "a third start of a trial of two is found, unless the bootloader's writes may be undone: %s",
  (isVolatile, expected) => {
    const { watch, found, device } = watched({ isVolatile });
    device.copies = [copy(), copy({ generation: 2, trial: "b", tries: 2 })];
    for (let start = 0; start < 3; start += 1) {
      watch.beforeStart();
      watch.onLine("moult: start slot=b good=a trial=b tries=1");
      watch.afterEnd(true);
    }
    expect(found).toEqual(expected);
  },
);

test("a release without a kernel is left for the good slot, and only that is no trouble", () => {
  const { watch, found, tally, device } = watched();
  device.copies = [copy(), copy({ generation: 2, trial: "b", tries: 2 })];
  device.slots["b"] = "digest of rig-4";
  watch.beforeStart();
  const error = "error: file `/boot/vmlinuz' not found.";
  const trouble = "moult: slot b cannot be started";
  const start = "moult: start slot=b good=a trial=b tries=1";
  for (const line of [start, error, trouble, INIT]) watch.onLine(line);
  expect(found).toEqual([]);
  expect(tally.fallBacks).toBe(1);

  device.slots["b"] = "digest of rig-3";
  watch.beforeStart();
  for (const line of [start, trouble]) watch.onLine(line);
  expect(found).toEqual(["start-as-chosen"]);
});

test("a fall-back to the good slot is counted, and is no trouble", () => {
  const { watch, found, device, tally } = watched();
  device.copies = [copy(), copy({ generation: 2, trial: "b", tries: 0 })];
  watch.beforeStart();
  watch.onLine("moult: start slot=a good=a trial=b tries=0");
  expect(found).toEqual([]);
  expect(tally.fallBacks).toBe(1);
});
