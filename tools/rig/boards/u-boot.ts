import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../build/bundle-program.ts";
import { layoutOf, type Partition } from "../image/disk-layout.ts";
import { makeFileSystem } from "../image/make-file-system.ts";
import { uuidOf } from "../image/make-system.ts";
import { runTool } from "../image/run-tool.ts";
import type { Board, BootScripts } from "../machine/board.ts";
import { arm64Guest } from "./arm64-guest.ts";
import { FOR_EMULATION } from "./grub.ts";
import { uBootCopy, U_BOOT_COPY_OFFSETS, U_BOOT_ENVIRONMENT } from "./u-boot-environment.ts";

/** Debian's build for the machine that QEMU calls `virt`. */
const FIRMWARE = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
/** GPT's bit for where U-Boot looks for its script. */
const LEGACY_BOOT = 2;
/** Each of the machine's two flash chips: the firmware's, and the one in which U-Boot keeps variables of its own. */
const FLASH_BYTES = 64 * 1024 * 1024;
const FLASH_ENVIRONMENT_BYTES = 0x4_0000;

/**
 * What this board tells the script that ships. Its disk is a virtio one and no NVMe: QEMU's NVMe drops what the guest
 * demands to be durable. Its kernels are compressed, and U-Boot has to know where there is room to unpack one.
 */
const BOARD_SCRIPT = `setenv moult_if virtio
setenv moult_dev 0
setenv moult_env_part 2
setenv moult_part_a 3
setenv moult_part_b 4
setenv moult_root_a /dev/vda3
setenv moult_root_b /dev/vda4
setenv moult_args rootfstype=ext4 ro rootwait console=ttyAMA0 quiet ${FOR_EMULATION} panic=1 init=/init
setenv moult_boot booti
setenv moult_fdt \${fdt_addr}
setenv kernel_comp_addr_r 0x48000000
setenv kernel_comp_size 0x2000000
`;

/**
 * The board's own variables, apart from what Moult chooses by: where things have room in memory, and to go straight to the
 * script. Without them U-Boot waits two seconds for a key and looks for a USB disk.
 */
const OWN_VARIABLES = `bootdelay=0
fdt_addr=0x40000000
fdt_high=0xffffffff
initrd_high=0xffffffff
kernel_addr_r=0x40400000
ramdisk_addr_r=0x44000000
scriptaddr=0x40200000
stdin=pl011@9000000
stdout=pl011@9000000
stderr=pl011@9000000
bootcmd=virtio scan; load virtio 0:1 \${scriptaddr} boot.scr; source \${scriptaddr}
`;

/** U-Boot on arm64. */
export const U_BOOT: Board = {
  name: "u-boot",
  hardwareType: "rig-arm64",
  layout: layoutOf({
    boot: { mebibytes: 1, typeCode: "8300", attribute: LEGACY_BOOT },
    systemMebibytes: 28,
    runtimeMebibytes: 144,
  }),
  partitionPrefix: "/dev/vda",
  slots: {
    bootloader: "u-boot",
    environment: "/dev/vda2",
    devices: { a: "/dev/vda3", b: "/dev/vda4" },
  },
  guest: arm64Guest,
  scripts: () => ({
    "board.cmd": BOARD_SCRIPT,
    "moult.cmd": readFileSync(join(ROOT, "apps/agent/boot-integration/u-boot/moult.cmd"), "utf8"),
  }),
  install: (disk, scripts) => {
    const { partitions } = disk.layout;
    disk.place("moult-boot", scriptPartition(partitions["moult-boot"], scripts));
    for (const [index, offset] of U_BOOT_COPY_OFFSETS.entries())
      disk.write(partitions["moult-env"].startBytes + offset, uBootCopy(index + 1));
  },
  emulator: ({ diskSocket, folder }) => {
    if (!existsSync(FIRMWARE))
      throw new Error(`${FIRMWARE} is missing: tools/test-packages.sh rig`);
    const disk = `driver=nbd,node-name=d0,server.type=unix,server.path=${diskSocket}`;
    return {
      program: "qemu-system-aarch64",
      args: [
        // The simplest processor of the architecture is the quickest to emulate: no pointer authentication.
        "-nodefaults -display none -machine virt -accel tcg -cpu cortex-a57 -smp 1 -m 512 -no-reboot",
        `-serial stdio -bios ${FIRMWARE}`,
        "-device virtio-blk-pci,drive=d0,bootindex=0",
        "-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=",
      ]
        .flatMap((line) => line.split(" "))
        .concat("-drive", `if=pflash,unit=1,format=raw,file=${ownVariables(folder)}`)
        .concat("-blockdev", disk),
    };
  },
  environment: U_BOOT_ENVIRONMENT,
};

/** The file system that U-Boot finds its script in. */
function scriptPartition({ sizeBytes }: Partition, scripts: BootScripts): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "moult-u-boot-"));
  try {
    const tree = join(folder, "tree");
    mkdirSync(tree);
    const commands = join(folder, "boot.cmd");
    writeFileSync(commands, `${scripts["board.cmd"] ?? ""}\n${scripts["moult.cmd"] ?? ""}`);
    const kind = ["-A", "arm64", "-T", "script", "-d", commands];
    runTool("mkimage", [...kind, join(tree, "boot.scr")], {
      environment: { SOURCE_DATE_EPOCH: "1" },
    });
    const file = join(folder, "boot.img");
    const uuid = uuidOf("boot");
    makeFileSystem({ kind: "ext2", tree, file, sizeBytes, label: "moult-boot", uuid });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The second flash chip, made once for a device. */
function ownVariables(folder: string): string {
  const file = join(folder, "u-boot-variables.img");
  if (existsSync(file)) return file;
  const text = join(folder, "u-boot-variables.txt");
  writeFileSync(text, OWN_VARIABLES);
  runTool("mkenvimage", ["-s", String(FLASH_ENVIRONMENT_BYTES), "-o", file, text]);
  truncateSync(file, FLASH_BYTES);
  return file;
}
