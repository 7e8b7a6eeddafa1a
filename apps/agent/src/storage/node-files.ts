import { link, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Files } from "@moult/agent-core";
import { assert } from "@moult/base";
import { AgentError } from "../agent-error.ts";
import { syncFolder, systemCode } from "./durable-file.ts";

/**
 * One folder of this machine, which is made when something is first written. A sync through another descriptor than the
 * write's is as good: it writes the file's pages whoever made them, and the kernel keeps an error of writing them back
 * until a descriptor has reported it.
 */
export function openFiles(folder: string): Files {
  const at = (name: string): string => {
    assert(name !== "" && !name.includes("/") && name !== "..", "a file's name is no path");
    return join(folder, name);
  };
  return {
    read: (name) => unlessMissing(() => readFile(at(name)), undefined),
    write: async (name, bytes) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(at(name), "w", 0o600);
      try {
        await file.writeFile(bytes);
      } finally {
        await file.close();
      }
    },
    writeInPlace: async (name, offset, bytes) => {
      const file = await open(at(name), "r+");
      try {
        const { bytesWritten } = await file.write(bytes, 0, bytes.length, offset);
        if (bytesWritten !== bytes.length)
          throw new AgentError("file-failed", {
            path: at(name),
            doing: "write",
            reason: "short write",
          });
      } finally {
        await file.close();
      }
    },
    // Linux syncs a folder and a file alike.
    sync: (name) => syncFolder(at(name)),
    rename: (from, to) => rename(at(from), at(to)),
    link: (from, to) => link(at(from), at(to)),
    remove: (name) => rm(at(name), { force: true }),
    list: () => unlessMissing(() => readdir(folder), []),
    syncNames: () => syncFolder(folder),
  };
}

async function unlessMissing<Found, Missing>(
  look: () => Promise<Found>,
  missing: Missing,
): Promise<Found | Missing> {
  try {
    return await look();
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return missing;
    throw cause;
  }
}
