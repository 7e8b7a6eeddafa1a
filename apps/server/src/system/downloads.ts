import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Sha256 } from "@moult/model";

const FILE_NAMES = ["moult-agent.mjs", "moult.mjs"] as const;
export type DownloadName = (typeof FILE_NAMES)[number];

export const isDownloadName = (name: string): name is DownloadName =>
  FILE_NAMES.some((known) => known === name);

interface DownloadFile {
  readonly bytes: Buffer;
  readonly sha256: Sha256;
}

/** A file as operators are told of it. */
interface DownloadFacts {
  readonly path: string;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

/** The programs that this server gives to devices and people. */
export interface Downloads {
  /** Undefined: not built. */
  read(name: DownloadName): Promise<DownloadFile | undefined>;
  list(): Promise<{ readonly agent: DownloadFacts | null; readonly cli: DownloadFacts | null }>;
}

/**
 * Reads from `folder`, which may be built anew while the server runs. Each file is a few hundred kilobytes, and kept until
 * it changes; so its digest is always that of the bytes that are sent.
 */
export function createDownloads(folder: string): Downloads {
  const kept = new Map<DownloadName, { readonly state: string; readonly file: DownloadFile }>();

  const read = async (name: DownloadName): Promise<DownloadFile | undefined> => {
    const path = join(folder, name);
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const state = `${mtimeMs} ${size} ${ino}`;
      const known = kept.get(name);
      if (known?.state === state) return known.file;
      const bytes = await readFile(path);
      const sha256 = Sha256.parse(createHash("sha256").update(bytes).digest("hex"));
      kept.set(name, { state, file: { bytes, sha256 } });
      return { bytes, sha256 };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
  const factsOf = async (name: DownloadName): Promise<DownloadFacts | null> => {
    const file = await read(name);
    if (file === undefined || file.bytes.length === 0) return null;
    return { path: `/download/${name}`, sha256: file.sha256, sizeBytes: file.bytes.length };
  };

  return {
    read,
    list: async () => ({
      agent: await factsOf("moult-agent.mjs"),
      cli: await factsOf("moult.mjs"),
    }),
  };
}
