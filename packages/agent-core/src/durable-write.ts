import type { Files } from "./files.ts";

/**
 * Replaces a file so that after a power cut at any instant it holds the old content or the new one, whole, and the new one
 * for certain once this returns. The temporary name is fixed: a cut leaves at most one file behind, which the next write
 * replaces.
 */
export async function writeDurably(files: Files, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `.${name}.new`;
  await files.write(temporary, bytes);
  await files.sync(temporary);
  await files.rename(temporary, name);
  await files.syncNames();
}

/** `ENOENT` and the like, or undefined for what is no system error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
