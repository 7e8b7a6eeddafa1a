import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@moult/base";
import { ROOT } from "../../build/bundle-program.ts";
import { layoutOf } from "../image/disk-layout.ts";
import type { Board, BootScripts } from "../machine/board.ts";
import { GRUB_ENVIRONMENT } from "./grub-environment.ts";
import { grubEnvironmentImage } from "./grub-environment-image.ts";
import { makeBootCode } from "./make-boot-code.ts";
import { x86Guest } from "./x86-guest.ts";

const SECTOR_BYTES = 512;

/** GRUB for a BIOS. */
export const GRUB: Board = {
  name: "grub",
  hardwareType: "rig-x86",
  layout: layoutOf({
    boot: { mebibytes: 1, typeCode: "ef02" },
    systemMebibytes: 26,
    runtimeMebibytes: 144,
  }),
  partitionPrefix: "/dev/vda",
  slots: {
    bootloader: "grub",
    environment: "/dev/vda2",
    devices: { a: "/dev/vda3", b: "/dev/vda4" },
  },
  guest: x86Guest,
  scripts: grubScripts,
  install: (disk, scripts) => {
    const { startBytes } = disk.layout.partitions["moult-boot"];
    const { first, core } = makeBootCode(scripts, startBytes / SECTOR_BYTES);
    disk.write(0, first);
    disk.place("moult-boot", core);
    disk.place("moult-env", grubEnvironmentImage(disk.layout.partitions["moult-env"]));
  },
  emulator: ({ diskSocket }) => ({ program: "qemu-system-x86_64", args: x86Emulator(diskSocket) }),
  environment: GRUB_ENVIRONMENT,
};

/** The scripts that ship for GRUB: `moult.cfg` unchanged, and the integrator's with words more for the kernel. */
function grubScripts(): BootScripts {
  const folder = join(ROOT, "apps/agent/boot-integration/grub");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const [before, after, ...more] = read("grub.cfg").split(FIRST_PROCESS);
  assert(after !== undefined && more.length === 0, "the integrator's script starts /init, once");
  return {
    "grub.cfg": `${before}${FIRST_PROCESS} ${FOR_EMULATION}${after}`,
    "moult.cfg": read("moult.cfg"),
  };
}

const FIRST_PROCESS = "init=/init";
/**
 * Without guards against the processor's own leaks: an emulated one has none, and takes a third longer with them. And without
 * the kernel's trial of its timer and its search for processors that hang: it panics or complains when the emulator
 * itself has to wait for a processor.
 */
export const FOR_EMULATION =
  "mitigations=off no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1";

/**
 * Emulation in software, on purpose: where hardware's help is only half there it hangs. A reset ends the process
 * (`-no-reboot`), because resets inside of one get slower each time; the disk, which is served elsewhere, keeps its cache.
 * Of what a processor can, five levels of pages and the guard of the kernel's own accesses take most of the time.
 */
export function x86Emulator(diskSocket: string, cpu = "max,la57=off,smap=off"): string[] {
  const disk = `driver=nbd,node-name=d0,server.type=unix,server.path=${diskSocket}`;
  return [
    `-nodefaults -display none -machine q35,accel=tcg -cpu ${cpu} -smp 1 -m 320 -no-reboot -serial stdio`,
    "-device virtio-blk-pci,drive=d0,bootindex=0",
    "-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=",
  ]
    .flatMap((line) => line.split(" "))
    .concat("-blockdev", disk);
}
