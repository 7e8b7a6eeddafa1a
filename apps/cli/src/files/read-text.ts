import { open } from "node:fs/promises";
import { CliError } from "../command-line/cli-error.ts";

/** Larger than any key, certificate or plan; a whole image given by mistake is not read into memory. */
const BYTES_MAX = 1024 * 1024;

/** The text of a small file: a key, a certificate, a plan. */
export async function readText(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(BYTES_MAX + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > BYTES_MAX)
      throw new CliError("file-invalid", `${path} is larger than 1 MiB: not a key, plan or list.`);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
