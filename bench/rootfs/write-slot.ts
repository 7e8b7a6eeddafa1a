import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createSlotInstaller, type BootControl, type SlotDevice } from "@moult/agent-core";

/** Seconds that each way took to bring an image into a slot, durably, and to read it back. */
export interface Written {
  /** Verified by its SHA-256 as it is read, as the agent's reader of artifacts does, written and synced. */
  readonly installer: number;
  /** Reading it back from the medium and holding it to its SHA-256, which nothing is put on trial without. */
  readonly readBack: number;
  readonly dd: number;
  /** What reads the slot back without the installer. */
  readonly sha256sum: number;
}

/** The agent's slot installer over a file in place of the partition, and dd. Both begin with nothing of the files in memory, and write over other bytes. */
export async function writeBoth(image: string, sizeBytes: number, slot: string): Promise<Written> {
  scramble(slot, sizeBytes);
  forget(image, slot);
  const dd = await secondsOf(() =>
    run("dd", `if=${image}`, `of=${slot}`, "bs=1M", "conv=fsync,notrunc"),
  );
  forget(slot);
  const sha256sum = await secondsOf(() => run("sha256sum", slot));
  return { dd, sha256sum, ...(await writeByInstaller(image, sizeBytes, slot)) };
}

const run = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, { stdio: ["ignore", "pipe", "ignore"] });

async function writeByInstaller(image: string, sizeBytes: number, slot: string) {
  scramble(slot, sizeBytes);
  forget(image, slot);
  const file = await open(slot, "r+");
  const device: SlotDevice = {
    sizeBytes,
    read: async (offset, lengthBytes) => {
      const { buffer, bytesRead } = await file.read(
        Buffer.allocUnsafeSlow(lengthBytes),
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
    const [sha256 = ""] = run("sha256sum", image).toString().split(" ");
    forget(image);
    const content = { sizeBytes, sha256, content: verified(image, sha256) };
    const installer = await secondsOf(() => slots.write(content));
    const readBack = await secondsOf(() => slots.arm({ slot: "b", ...content }, 2));
    return { installer, readBack };
  } finally {
    await file.close();
  }
}

async function* verified(image: string, sha256: string): AsyncGenerator<Uint8Array> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(image, { highWaterMark: 256 * 1024 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    digest.update(chunk);
    yield chunk;
  }
  if (digest.digest("hex") !== sha256) throw new Error("the image is another one");
}

const nothingSaid = (): void => undefined;
const SILENT = { debug: nothingSaid, info: nothingSaid, warn: nothingSaid, error: nothingSaid };

/** Other bytes than the image's in every block, so that every block is written. */
function scramble(slot: string, sizeBytes: number): void {
  const count = `count=${sizeBytes / 2 ** 20}`;
  run("dd", "if=/dev/urandom", `of=${slot}`, "bs=1M", count, "conv=fsync,notrunc");
}

/** Takes files out of the page cache (dd(1), `nocache`). */
function forget(...files: readonly string[]): void {
  for (const file of files) run("dd", `if=${file}`, "iflag=nocache", "count=0");
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
