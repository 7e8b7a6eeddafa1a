import type { SlotDevice } from "@moult/agent-core";
import { SlotError, type SlotContent } from "@moult/agent-core";
import { equalBytes, textFromUtf8, utf8 } from "@moult/base";
import { BootError } from "../bootloaders/boot-error.ts";
import type { Verity } from "../installers/verity.ts";

// The root hash cannot be in the image that it is the hash of, and bootloaders have no place for it; it came with what was signed.
// The agent notes it in the last block of the slot, where the initrd finds it (boot-integration/verity/moult-verity).

const BLOCK_BYTES = 4_096;
const MARK = "moult-verity 1 ";

/**
 * Makes what the slot's last block says of a tree true for the image that it holds by now. Durable, and read back from the medium.
 * May be repeated.
 */
export async function keepVerityNote(
  device: SlotDevice,
  { slot, sizeBytes }: SlotContent,
  verity: Verity | null,
): Promise<void> {
  const offset = (Math.floor(device.sizeBytes / BLOCK_BYTES) - 1) * BLOCK_BYTES;
  const isFree = offset >= sizeBytes;
  if (verity === null && !isFree) return;
  if (!isFree) throw new SlotError("slot-too-small", { slot, sizeBytes: device.sizeBytes });
  const wanted = new Uint8Array(BLOCK_BYTES);
  if (verity !== null) wanted.set(utf8(`${MARK}${verity.rootHash} ${verity.hashOffset}\n`));
  const before = await device.read(offset, BLOCK_BYTES).catch(() => undefined);
  // What is behind an image is nobody's business, but for a note of the image before.
  if (verity === null && before !== undefined && !isNote(before)) return;
  if (before === undefined || !equalBytes(before, wanted)) await device.write(offset, wanted);
  await device.sync();
  await device.dropCache();
  if (!equalBytes(await device.read(offset, BLOCK_BYTES), wanted))
    throw new BootError("verity-note-not-kept", { slot });
}

const isNote = (bytes: Uint8Array): boolean =>
  textFromUtf8(bytes.subarray(0, MARK.length)) === MARK;
