import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@moult/client";
import { MetadataFile, canonicalJson, parseStrictJson } from "@moult/trust";
import * as z from "zod";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { ProposedFile } from "./proposed-files.ts";
import { serverSource } from "./server-source.ts";
import type { TrustFolder } from "./trust-folder.ts";

const ROOT_BYTES_MAX = 64 * 1024;
const Files = z.array(z.object({ role: z.string(), file: MetadataFile }));

// The first metadata is signed by keys that may be in a safe a minute later. So it is kept in the trust folder before the
// server gets it, and a run that was cut goes on with the same.

const pathOf = (folder: TrustFolder): string => join(folder.path, "first-root.json");

export async function keepFirstFiles(
  folder: TrustFolder,
  files: readonly ProposedFile[],
): Promise<void> {
  await writeFileWhole(pathOf(folder), JSON.stringify(files), { mode: 0o600, mayReplace: false });
}

/** What an earlier run signed, and did not bring to its end. */
export async function keptFirstFiles(
  folder: TrustFolder,
): Promise<readonly ProposedFile[] | undefined> {
  let text: Buffer;
  try {
    text = await readFile(pathOf(folder));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  return Files.parse(parseStrictJson(text));
}

/**
 * Gives the first metadata to the server and takes its root as the anchor: the server's bytes, which devices will get, after
 * they were found to say exactly what was signed here.
 */
export async function publishFirstFiles(
  { signal }: CommandContext,
  client: Client,
  folder: TrustFolder,
  files: readonly ProposedFile[],
): Promise<Uint8Array> {
  const { state } = await client.call("showTrust", {}, { signal });
  if (state === "none") {
    const body = {
      note: "The first root of trust",
      files: files.map(({ role, file }) => ({
        role,
        metadata: { signatures: file.signatures, signed: file.signed as never },
      })),
    };
    const { id } = await client.call("createTrustProposal", { body }, { signal });
    await client.call("publishTrustProposal", { params: { trustProposalId: id } }, { signal });
  }
  const served = await serverSource(client, signal).fetch("1.root.json", ROOT_BYTES_MAX);
  const mine = files.find(({ role }) => role === "root")?.file.signed;
  if (served === undefined || !isSame(served, mine))
    throw new CliError(
      "trust-refused",
      "The server has another root than the one that was made here.",
      {
        hint: "Somebody else was first, or it is not the server that you think it is. Devices must not be provisioned from it.",
      },
    );
  await folder.writeAnchor(served);
  await rm(pathOf(folder), { force: true });
  return served;
}

function isSame(served: Uint8Array, signed: unknown): boolean {
  const parsed = MetadataFile.safeParse(parseStrictJson(served));
  return (
    parsed.success && Buffer.from(canonicalJson(parsed.data.signed)).equals(canonicalJson(signed))
  );
}
