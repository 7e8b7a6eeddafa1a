import { lstat, mkdir, readFile, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { removeFile, syncFolder, systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { AppMetaData } from "./app-meta-data.ts";

// One application on the disk:
//
//   <appsDir>/<name>/current            link to releases/<release>; switched by a rename
//                   /releases/<release> the payload, never changed once it is there
//                   /records/<release>.json   how that release is run and checked
//                   /data               the application's own, kept over updates
//                   /log/app.log        what it printed
//                   /switch.json        while an update is under way: from which release to which

/** How one release is run. */
export const ReleaseRecord = z.object({ artifactName: z.string(), app: AppMetaData });
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;

/** An update of the application that is not cleaned up yet. */
export const SwitchRecord = z.object({
  previous: z.string().nullable(),
  next: z.string(),
  isCommitted: z.boolean(),
});
export type SwitchRecord = z.infer<typeof SwitchRecord>;

/** Where a payload is unpacked before it has its name. */
const INCOMING = ".incoming";

/** The folder of one application. */
export interface AppFolder {
  readonly name: string;
  readonly path: string;
  readonly dataDir: string;
  readonly logFile: string;
  releaseFolder(release: string): string;
  /** An empty folder for a payload. */
  makeIncoming(): Promise<string>;
  /** Gives the unpacked payload its name and its record; durable when it returns. */
  keepIncoming(release: string, record: ReleaseRecord): Promise<void>;
  removeIncoming(): Promise<void>;
  /** A name that is not taken, so that a release that runs is never written into. */
  freeReleaseName(wanted: string): Promise<string>;
  readRecord(release: string): Promise<ReleaseRecord>;
  /** The release that `current` points to. */
  current(): Promise<string | undefined>;
  /** Points `current` to a release, or to none. Atomic and durable. */
  switchTo(release: string | null): Promise<void>;
  readSwitch(): Promise<SwitchRecord | undefined>;
  writeSwitch(record: SwitchRecord): Promise<void>;
  removeSwitch(): Promise<void>;
  removeRelease(release: string): Promise<void>;
  /** All releases, oldest first. */
  releases(): Promise<readonly string[]>;
}

export function openAppFolder(appsDir: string, name: string): AppFolder {
  const path = join(appsDir, name);
  const releasesDir = join(path, "releases");
  const recordFile = (release: string): string => join(path, "records", `${release}.json`);
  const switchFile = join(path, "switch.json");
  const incoming = join(releasesDir, INCOMING);
  const link = join(path, "current");

  return {
    name,
    path,
    dataDir: join(path, "data"),
    logFile: join(path, "log", "app.log"),
    releaseFolder: (release) => join(releasesDir, release),
    makeIncoming: async () => {
      await rm(incoming, { recursive: true, force: true });
      for (const folder of ["data", "log", "records", "releases"])
        await mkdir(join(path, folder), { recursive: true, mode: 0o755 });
      await mkdir(incoming, { mode: 0o755 });
      await syncFolder(path);
      await syncFolder(appsDir);
      return incoming;
    },
    keepIncoming: async (release, record) => {
      await writeFileDurably(recordFile(release), JSON.stringify(record));
      await rename(incoming, join(releasesDir, release));
      await syncFolder(releasesDir);
    },
    removeIncoming: () => rm(incoming, { recursive: true, force: true }),
    freeReleaseName: async (wanted) => {
      for (let number = 1; ; number += 1) {
        const name = number === 1 ? wanted : `${wanted}-${number}`;
        if (!(await exists(join(releasesDir, name)))) return name;
      }
    },
    readRecord: async (release) =>
      ReleaseRecord.parse(JSON.parse(await readFile(recordFile(release), "utf8"))),
    current: async () => {
      const target = await unlessMissing(readlink(link));
      return target?.startsWith("releases/") === true
        ? target.slice("releases/".length)
        : undefined;
    },
    switchTo: async (release) => {
      if (release === null) return removeFile(link);
      const temporary = join(path, ".current.new");
      await rm(temporary, { force: true });
      await symlink(join("releases", release), temporary);
      await rename(temporary, link);
      await syncFolder(path);
    },
    readSwitch: async () => {
      const text = await unlessMissing(readFile(switchFile, "utf8"));
      return text === undefined ? undefined : SwitchRecord.parse(JSON.parse(text));
    },
    writeSwitch: (record) => writeFileDurably(switchFile, JSON.stringify(record)),
    removeSwitch: () => removeFile(switchFile),
    removeRelease: async (release) => {
      await rm(join(releasesDir, release), { recursive: true, force: true });
      await removeFile(recordFile(release));
    },
    releases: () => releasesIn(releasesDir),
  };
}

/** The applications that have a folder here. */
export async function appsIn(appsDir: string): Promise<readonly string[]> {
  const entries = await unlessMissing(readdir(appsDir, { withFileTypes: true }));
  return (entries ?? [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

async function releasesIn(releasesDir: string): Promise<readonly string[]> {
  const names = (await unlessMissing(readdir(releasesDir))) ?? [];
  const aged: { readonly name: string; readonly bornMs: number }[] = [];
  for (const name of names) {
    if (name === INCOMING) continue;
    const { ctimeMs } = await lstat(join(releasesDir, name));
    aged.push({ name, bornMs: ctimeMs });
  }
  return aged.toSorted((left, right) => left.bornMs - right.bornMs).map(({ name }) => name);
}

async function exists(path: string): Promise<boolean> {
  return (await unlessMissing(lstat(path))) !== undefined;
}

async function unlessMissing<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
}
