import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createSlotInstaller, type BootControl, type SlotDevice } from "@moult/agent-core";

/** Seconds that each way took to bring an image into a slot, durably. */
export interface Written {
  readonly installer: number;
  /** With reading it back from the medium, which nothing is put on trial without. */
  readonly installerWithReadBack: number;
  readonly dd: number;
}

/** The agent's slot installer over a file in place of the partition, and dd. Both begin with nothing of the files in memory, and write over other bytes. */
export async function writeBoth(image: string, sizeBytes: number, slot: string): Promise<Written> {
  forget(image, slot);
  const dd = secondsOf(() =>
    execFileSync("dd", [`if=${image}`, `of=${slot}`, "bs=1M", "conv=fsync,notrunc"], {
      stdio: "ignore",
    }),
  );
  return { dd: await dd, ...(await writeByInstaller(image, sizeBytes, slot)) };
}

async function writeByInstaller(image: string, sizeBytes: number, slot: string) {
  scramble(slot, sizeBytes);
  forget(image, slot);
  const file = await open(slot, "r+");
  const device: SlotDevice = {
    sizeBytes,
    read: async (offset, lengthBytes) => {
      const { buffer, bytesRead } = await file.read(
        new Uint8Array(lengthBytes),
        0,
        lengthBytes,
        offset,
      );
      return buffer.subarray(0, bytesRead);
    },
    write: async (offset, bytes) => {
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, offset);
      if (bytesWritten !== bytes.length) throw new Error("a write to the slot fell short");
    },
    sync: () => file.sync(),
    dropCache: () => Promise.resolve(forget(slot)),
  };
  try {
    const slots = createSlotInstaller({
      boot: bootOf(),
      restartNote: { isMade: () => Promise.resolve(false), make: () => Promise.resolve() },
      openSlot: () => Promise.resolve(device),
      createHasher: () => createHash("sha256"),
      log: SILENT,
    });
    let content: Parameters<typeof slots.arm>[0] | undefined;
    const installer = await secondsOf(async () => {
      content = await slots.write(createReadStream(image, { highWaterMark: 65_536 }), sizeBytes);
    });
    const readBack = await secondsOf(async () => {
      if (content !== undefined) await slots.arm(content, 2);
    });
    return { installer, installerWithReadBack: installer + readBack };
  } finally {
    await file.close();
  }
}

const nothingSaid = (): void => undefined;
const SILENT = { debug: nothingSaid, info: nothingSaid, warn: nothingSaid, error: nothingSaid };

/** Other bytes than the image's in every block, so that every block is written. */
function scramble(slot: string, sizeBytes: number): void {
  execFileSync(
    "dd",
    [
      "if=/dev/urandom",
      `of=${slot}`,
      "bs=1M",
      `count=${sizeBytes / 2 ** 20}`,
      "conv=fsync,notrunc",
    ],
    { stdio: "ignore" },
  );
}

/** Takes files out of the page cache (dd(1), `nocache`). */
function forget(...files: readonly string[]): void {
  for (const file of files)
    execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0"], { stdio: "ignore" });
}

function bootOf(): BootControl {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    booted: () => Promise.resolve("a"),
    read: () => Promise.resolve({ good: "a", trial: null, triesLeft: 0 }),
    arm: nothing,
    confirm: nothing,
    disarm: nothing,
    settle: nothing,
  };
}

async function secondsOf(run: () => unknown): Promise<number> {
  const begunAt = performance.now();
  await run();
  return (performance.now() - begunAt) / 1_000;
}
