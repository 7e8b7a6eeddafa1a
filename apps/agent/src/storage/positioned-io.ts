import type { FileHandle } from "node:fs/promises";

/** Fewer bytes than asked for only at the end of what is read. */
export async function readAt(
  file: FileHandle,
  offset: number,
  lengthBytes: number,
): Promise<Uint8Array> {
  // Not zeroed before, and nobody else's: only what was read is given out.
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  let length = 0;
  while (length < lengthBytes) {
    const { bytesRead } = await file.read(bytes, length, lengthBytes - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

export async function writeAt(file: FileHandle, offset: number, bytes: Uint8Array): Promise<void> {
  let length = 0;
  while (length < bytes.length) {
    const { bytesWritten } = await file.write(
      bytes,
      length,
      bytes.length - length,
      offset + length,
    );
    length += bytesWritten;
  }
}
