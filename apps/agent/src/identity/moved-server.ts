import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Log } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { TenantId } from "@moult/model";
import * as z from "zod";
import {
  makeFolder,
  readFileIfPresent,
  removeFile,
  writeFileDurably,
} from "../storage/durable-file.ts";
import { whileWritable } from "../storage/kept-place.ts";

/**
 * Another server, or another authority for the same one: the payload of a signed release of type `moult-server`. Nothing
 * else ever makes one, least of all an instruction. What the device is, what it takes and whom it trusts stay as they were
 * provisioned.
 */
export const MovedServer = z.strictObject({
  url: Provisioning.shape.server.shape.url,
  certificateAuthority: Provisioning.shape.server.shape.certificateAuthority,
  /** Absent: the tenant has the same number there, as after a restored backup. */
  tenantId: TenantId.optional(),
  enrolmentToken: Provisioning.shape.enrolmentToken,
});
export type MovedServer = z.infer<typeof MovedServer>;

/** Since version 1. */
const Stored = z.strictObject({ version: z.literal(1), server: MovedServer });

const file = (identityDir: string): string => join(identityDir, "server.json");

/** The server this device was moved to; undefined when it never was, or when that cannot be read: the provisioned one then. */
export async function readMovedServer(
  identityDir: string,
  log: Log,
): Promise<MovedServer | undefined> {
  const path = file(identityDir);
  try {
    const content = await readFileIfPresent(path);
    if (content === undefined) return undefined;
    return Stored.parse(JSON.parse(content.toString("utf8"))).server;
  } catch {
    // Without the parser's message: it quotes the file, and the file may hold an enrolment token.
    log.error("moved-server-damaged", { path, instead: "the provisioned server" });
    return undefined;
  }
}

/** Undefined: back to the provisioned one. Durable when it returns. */
export async function storeMovedServer(
  identityDir: string,
  server: MovedServer | undefined,
  log?: Log,
): Promise<void> {
  const path = file(identityDir);
  await whileWritable(
    identityDir,
    async () => {
      if (server === undefined) return removeFile(path);
      await makeFolder(identityDir);
      const content: z.infer<typeof Stored> = { version: 1, server };
      await writeFileDurably(path, JSON.stringify(content));
    },
    { log },
  );
}

/** What the device goes by: its provisioning, with the server that it was moved to. */
export interface ServerPlace {
  readonly provisioning: Provisioning;
  /** Where it remembers that server: generations and the device's number are each server's own. */
  readonly linkFile: string;
}

export function placeOf(provisioning: Provisioning, moved: MovedServer | undefined): ServerPlace {
  if (moved === undefined) return { provisioning, linkFile: "link.json" };
  const { url, certificateAuthority, tenantId, enrolmentToken } = moved;
  const { enrolmentToken: _, ...rest } = provisioning;
  const effective: Provisioning = {
    ...rest,
    server: { url, ...(certificateAuthority === undefined ? {} : { certificateAuthority }) },
    tenantId: tenantId ?? provisioning.tenantId,
    ...(enrolmentToken === undefined ? {} : { enrolmentToken }),
  };
  // The same server under another authority or token stays the server that the device knows.
  if (url === provisioning.server.url && effective.tenantId === provisioning.tenantId)
    return { provisioning: effective, linkFile: "link.json" };
  const name = createHash("sha256").update(`${url}\n${effective.tenantId}`).digest("hex");
  return { provisioning: effective, linkFile: `link-${name.slice(0, 16)}.json` };
}
