import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slot } from "@moult/agent-core";
import type { BootloaderName } from "../config.ts";
import { BOOTLOADERS, type TestBootloader } from "../bootloaders/boot-disks.fixture.ts";
import { SectorDisk } from "../bootloaders/sector-disk.fixture.ts";
import { recordedLog, type RecordedLog } from "../installers/installer.fixture.ts";
import type { Installer } from "../installers/installer.ts";
import { createRootfsImages, type RootfsImages } from "../installers/rootfs-image.ts";
import { systemTicker } from "../platform/ticker.ts";
import { aDevice, type DeviceOptions, type TestDevice } from "../update-runner/device.fixture.ts";
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
  #device: TestDevice | undefined;
  readonly #folder: string;
  readonly #bootloader: TestBootloader;
  readonly #name: BootloaderName;

  constructor(folder: string, name: BootloaderName) {
    this.#folder = folder;
    this.#name = name;
    const bootloader = BOOTLOADERS.find((one) => one.bootloader === name);
    if (bootloader === undefined) throw new Error(`${name} is no bootloader`);
    this.#bootloader = bootloader;
  }

  get device(): TestDevice {
    if (this.#device === undefined) throw new Error("the machine was not turned on");
    return this.#device;
  }

  fileOf(name: Slot | "env" | "cmdline"): string {
    return join(this.#folder, name);
  }

  content(slot: Slot): Promise<Buffer> {
    return readFile(this.fileOf(slot));
  }

  /** Lets the bootloader choose, and write; returns what runs then. */
  async boot(): Promise<Slot> {
    const disk = new SectorDisk(new Uint8Array(await readFile(this.fileOf("env"))));
    this.running = this.#bootloader.start(disk);
    const bytes = await readFile(this.fileOf("env"));
    for (const write of disk.writes) bytes.set(write.bytes, write.offset);
    await writeFile(this.fileOf("env"), bytes);
    await writeFile(this.fileOf("cmdline"), `quiet moult.slot=${this.running} ro\n`);
    this.boots += 1;
    return this.running;
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
        tries: 2,
      },
      folders: {
        kernelCommandLineFile: this.fileOf("cmdline"),
        runDir: join(this.#folder, "run"),
        dataDir: join(this.#folder, "data"),
        identityDir: join(this.#folder, "identity"),
        bootStateDir: join(this.#folder, "boot-state"),
      },
      bootId: `boot-${this.boots}`,
      isMachineShared: true,
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

export async function aMachine(name: BootloaderName): Promise<Machine> {
  const machine = new Machine(await mkdtemp(join(tmpdir(), "moult-machine-")), name);
  const { factory } = BOOTLOADERS.find((one) => one.bootloader === name) ?? {};
  await writeFile(machine.fileOf("env"), factory ?? "");
  await writeFile(machine.fileOf("a"), someImage());
  await writeFile(machine.fileOf("b"), someImage());
  return machine;
}
