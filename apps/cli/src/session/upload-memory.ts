import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { UploadMemory } from "@moult/client";
import { writeFileWhole } from "../files/write-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** `$XDG_STATE_HOME/moult/uploads`: what survives a run, and is no configuration. */
function uploadsFolder(environment: Environment): string {
  const folder = environment["XDG_STATE_HOME"];
  const root =
    folder === undefined || folder === ""
      ? join(environment["HOME"] ?? homedir(), ".local", "state")
      : folder;
  return join(root, "moult", "uploads");
}

/**
 * One small file for each upload that is under way, so that two runs at once never write the same one. Where nothing can be
 * kept (a build machine without a home) an upload goes all the same; one that was stopped begins anew.
 */
export function uploadMemory(environment: Environment): UploadMemory {
  const folder = uploadsFolder(environment);
  const pathOf = (fingerprint: string): string =>
    join(folder, createHash("sha256").update(fingerprint).digest("hex").slice(0, 32));
  return {
    recall: async (fingerprint) => {
      try {
        return (await readFile(pathOf(fingerprint), "utf8")).trim();
      } catch {
        // Not there, or not to be had: either way nothing is known.
        return undefined;
      }
    },
    remember: async (fingerprint, uploadId) => {
      const file = { mode: 0o600, mayReplace: true };
      await writeFileWhole(pathOf(fingerprint), `${uploadId}\n`, file).catch(() => undefined);
    },
    forget: async (fingerprint) => {
      await rm(pathOf(fingerprint), { force: true }).catch(() => undefined);
    },
  };
}
