import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { InstantMs, Log } from "@moult/base";
import { DeviceId, DeviceState, Sha256, TenantId } from "@moult/model";
import * as z from "zod";
import { makeFolder, readFileIfPresent, writeFileDurably } from "../storage/durable-file.ts";

/** What the device remembers of its server between two runs; all fields since version 1. */
const LinkRecord = z.object({
  version: z.literal(1),
  /** Of the key this device enrolled with; a missing key file is then no new device. */
  keyFingerprint: Sha256.nullable(),
  tenantId: TenantId,
  device: z.object({ id: DeviceId, state: DeviceState }).nullable(),
  /** The highest generation of an instruction that was accepted, and the SHA-256 of the key that signed it. */
  generation: z.int().min(0),
  generationKeySha256: Sha256.nullable(),
  /** No instant before this one is now: the newest signed time that could be believed. */
  timeFloorMs: z.int().min(0),
});
export type LinkRecord = z.infer<typeof LinkRecord>;

/** The link's memory. A change is durable when `save` returns, and only then true. */
export interface LinkState {
  read(): LinkRecord;
  save(change: Partial<Omit<LinkRecord, "version" | "tenantId">>): Promise<void>;
}

/** What is known before the file is read. */
export interface LinkStart {
  readonly tenantId: TenantId;
  readonly timeFloorMin: InstantMs;
  /** Of the key the device has, when it is known from another server's file. */
  readonly keyFingerprint?: Sha256;
}

/**
 * Loads the link state. A damaged file is set aside and the device begins anew with it: its key still says who it is, and
 * what protects it from an old instruction is the nonce, so a disk error keeps no device from being updated. Another
 * tenant in the provisioning begins anew as well: generations count per device of one tenant.
 */
export async function openLinkState(
  path: string,
  { tenantId, timeFloorMin, keyFingerprint }: LinkStart,
  log: Log,
): Promise<LinkState> {
  await makeFolder(dirname(path));
  const found = await readRecord(path, log);
  const timeFloorMs = Math.max(found?.timeFloorMs ?? 0, timeFloorMin);
  const fresh: LinkRecord = {
    version: 1,
    keyFingerprint: found?.keyFingerprint ?? keyFingerprint ?? null,
    tenantId,
    device: null,
    generation: 0,
    generationKeySha256: null,
    timeFloorMs,
  };
  let record = found?.tenantId === tenantId ? { ...found, timeFloorMs } : fresh;

  // One write at a time, each on top of the one before.
  let last: Promise<void> = Promise.resolve();
  return {
    read: () => record,
    save: (change) => {
      const write = async (): Promise<void> => {
        const after = { ...record, ...change };
        await writeFileDurably(path, JSON.stringify(after));
        record = after;
      };
      const done = last.then(write, write);
      last = done;
      return done;
    },
  };
}

/** What the device remembers, for those that only show it. */
export async function readLinkRecord(path: string): Promise<LinkRecord | undefined> {
  const content = await readFileIfPresent(path);
  return content === undefined ? undefined : parseRecord(content);
}

async function readRecord(path: string, log: Log): Promise<LinkRecord | undefined> {
  const content = await readFileIfPresent(path);
  if (content === undefined) return undefined;
  const record = parseRecord(content);
  if (record !== undefined) return record;
  await rename(path, `${path}.damaged`);
  log.error("link-state-damaged", { path, keptAs: `${path}.damaged` });
  return undefined;
}

function parseRecord(content: Buffer): LinkRecord | undefined {
  try {
    return LinkRecord.safeParse(JSON.parse(content.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
