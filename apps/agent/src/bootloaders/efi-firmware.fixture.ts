import type { Slot } from "@moult/agent-core";
import type { EfiVariables } from "../platform/efi-variables.ts";
import { entryBytes, SYSTEMD_BOOT_VARIABLES } from "./systemd-boot.ts";

/** Firmware that keeps variables, with power for so many changes of one. */
export class EfiFirmware implements EfiVariables {
  readonly values: Map<string, Uint8Array>;
  #changesLeft: number;

  constructor(values: ReadonlyMap<string, Uint8Array> = new Map(), changes = Infinity) {
    this.values = new Map(values);
    this.#changesLeft = changes;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.values.get(name));
  }

  async write(name: string, value: Uint8Array): Promise<void> {
    this.#spend();
    this.values.set(name, value);
  }

  async remove(name: string): Promise<void> {
    this.#spend();
    this.values.delete(name);
  }

  /** What systemd-boot does: the one start is used up before what it names is started. */
  start(): Slot {
    const { start, good, selected } = SYSTEMD_BOOT_VARIABLES;
    const named = this.values.get(start) ?? this.values.get(good) ?? entryBytes("a");
    this.values.delete(start);
    this.values.set(selected, named);
    return Buffer.from(named).equals(entryBytes("b")) ? "b" : "a";
  }

  #spend(): void {
    this.#changesLeft -= 1;
    if (this.#changesLeft < 0) throw new Error("the power is gone");
  }
}
