import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slot } from "@moult/agent-core";
import type { BootloaderName } from "../config.ts";
import { BOOTLOADERS, type TestBootloader } from "../bootloaders/boot-disks.fixture.ts";
import { EfiFirmware } from "../bootloaders/efi-firmware.fixture.ts";
import { anEsp } from "../bootloaders/esp.fixture.ts";
import { SectorDisk } from "../bootloaders/sector-disk.fixture.ts";
import { recordedLog, type RecordedLog } from "../installers/installer.fixture.ts";
import type { Installer } from "../installers/installer.ts";
import { createRootfsImages, type RootfsImages } from "../installers/rootfs-image.ts";
import { systemTicker } from "../platform/ticker.ts";
import { aDevice, type DeviceOptions, type TestDevice } from "../update-runner/device.fixture.ts";
import type { WithSlotKernel } from "./slot-kernel.ts";
import { openSystemSlots, type SystemSlots } from "./system-slots.ts";

export const SLOT_BYTES = 1_280 * 1_024;

/** An image that is unlike any other in every block, so that a half of it is never taken for the whole. */
export const someImage = (sizeBytes = SLOT_BYTES): Buffer => randomBytes(sizeBytes);

/** A machine with files as partitions: its bootloader's script, its agent, and a person who turns it on. */
export class Machine {
  readonly log: RecordedLog = recordedLog();
  boots = 0;
  running: Slot = "a";
  checkHealth: Installer["checkHealth"] = () => Promise.resolve();
  slots: SystemSlots | undefined;
  /** Of systemd-boot: what an image brings as its kernel. */
  withSlotKernel: WithSlotKernel = (path, use) =>
    use({
      sizeBytes: KERNEL_BYTES,
      content: createReadStream(path, { end: KERNEL_BYTES - 1 }),
    });
  #device: TestDevice | undefined;
  readonly #folder: string;
  readonly #bootloader: TestBootloader | undefined;
  readonly #name: BootloaderName;

  constructor(folder: string, name: BootloaderName) {
    this.#folder = folder;
    this.#name = name;
    this.#bootloader = BOOTLOADERS.find((one) => one.bootloader === name);
  }

  get device(): TestDevice {
    if (this.#device === undefined) throw new Error("the machine was not turned on");
    return this.#device;
  }

  fileOf(name: Slot | "env" | "cmdline" | "efivars"): string {
    return join(this.#folder, name);
  }

  content(slot: Slot): Promise<Buffer> {
    return readFile(this.fileOf(slot));
  }

  /** Lets the bootloader choose, and write; returns what runs then. */
  async boot(): Promise<Slot> {
    this.running =
      this.#bootloader === undefined
        ? await this.#startByFirmware()
        : await this.#startByEnvironment(this.#bootloader);
    // systemd-boot starts one kernel with one command line from either slot.
    const word = this.#bootloader === undefined ? "" : `moult.slot=${this.running} `;
    await writeFile(this.fileOf("cmdline"), `quiet ${word}ro\n`);
    this.boots += 1;
    return this.running;
  }

  async #startByEnvironment(bootloader: TestBootloader): Promise<Slot> {
    const bytes = await readFile(this.fileOf("env"));
    const disk = new SectorDisk(new Uint8Array(bytes));
    const slot = bootloader.start(disk);
    for (const write of disk.writes) bytes.set(write.bytes, write.offset);
    await writeFile(this.fileOf("env"), bytes);
    return slot;
  }

  async #startByFirmware(): Promise<Slot> {
    const folder = this.fileOf("efivars");
    const values = new Map<string, Uint8Array>();
    for (const name of await readdir(folder))
      values.set(name, (await readFile(join(folder, name))).subarray(4));
    const firmware = new EfiFirmware(values);
    const slot = firmware.start();
    await rm(folder, { recursive: true });
    await mkdir(folder);
    for (const [name, value] of firmware.values)
      await writeFile(join(folder, name), Buffer.concat([Buffer.of(7, 0, 0, 0), value]));
    return slot;
  }

  /** A start with its agent. */
  async start(options: DeviceOptions = {}): Promise<Slot> {
    await this.boot();
    await this.startAgent(options);
    return this.running;
  }

  /** The agent alone, in the same run of the machine. */
  async startAgent(options: DeviceOptions = {}): Promise<void> {
    this.slots = await openSystemSlots({
      config: {
        bootloader: this.#name,
        environment: this.fileOf("env"),
        devices: { a: this.fileOf("a"), b: this.fileOf("b") },
      },
      folders: {
        kernelCommandLineFile: this.fileOf("cmdline"),
        efiVariablesDir: this.fileOf("efivars"),
        runDir: join(this.#folder, "run"),
        dataDir: join(this.#folder, "data"),
        identityDir: join(this.#folder, "identity"),
        bootStateDir: join(this.#folder, "boot-state"),
      },
      bootId: `boot-${this.boots}`,
      isMachineShared: true,
      withSlotKernel: (path, use) => this.withSlotKernel(path, use),
      log: this.log,
    });
    if (this.#device !== undefined) return this.#device.restart(this.boots);
    this.#device = await aDevice({
      ...options,
      rootfsImages: (reboot) => this.#rootfsImages(reboot),
    });
  }

  #rootfsImages(reboot: { reboot(): Promise<void> }): RootfsImages | undefined {
    if (this.slots === undefined) return undefined;
    return createRootfsImages({
      slots: this.slots,
      reboot,
      rebootTimeoutMs: 60_000,
      checkHealth: (at, signal) => this.checkHealth(at, signal),
      ticker: systemTicker,
      log: this.log,
    });
  }

  async close(): Promise<void> {
    await this.#device?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const KERNEL_BYTES = 200_000;

export async function aMachine(name: BootloaderName): Promise<Machine> {
  const machine = new Machine(await mkdtemp(join(tmpdir(), "moult-machine-")), name);
  const { factory } = BOOTLOADERS.find((one) => one.bootloader === name) ?? {};
  await writeFile(machine.fileOf("env"), factory ?? anEsp());
  await mkdir(machine.fileOf("efivars"));
  await writeFile(machine.fileOf("a"), someImage());
  await writeFile(machine.fileOf("b"), someImage());
  return machine;
}
