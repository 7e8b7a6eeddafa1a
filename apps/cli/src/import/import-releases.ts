import { rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ArtifactError } from "@moult/artifact";
import { ApiProblem, type Client } from "@moult/client";
import type { ChannelName, ProductName, Sha256 } from "@moult/model";
import { uploadFile } from "../actions/upload-file.ts";
import { artifactFiles } from "../artifact/wrap-file.ts";
import { CliError, usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionValues } from "../command-line/command.ts";
import { describeArtifactError } from "../command-line/describe-artifact-error.ts";
import { outcomeText } from "../show/trust-text.ts";
import { sizeText } from "../terminal/size-text.ts";
import { filesWith } from "../trust/propose-release.ts";
import { propose, SIGN_OPTIONS } from "../trust/proposals.ts";
import { releaseTarget, TARGET_OPTIONS, type ReleaseTarget } from "../trust/release-target.ts";
import { targetsOf } from "../trust/next-files.ts";
import { openTrustSession, type TrustSession } from "../trust/trust-session.ts";
import { fetchFile } from "./fetch-file.ts";
import type { ImportMemory } from "./import-memory.ts";
import type { ReportBuilder } from "./import-report.ts";
import type { PeerFile } from "./peer-file.ts";

/** Who signs what an import brings: as with `release upload`, keys of this machine alone. */
export const IMPORT_SIGN_OPTIONS = {
  sign: {
    type: "boolean",
    help: "Sign what comes, so that devices of Moult's agent may install it",
  },
  note: { type: "string", value: "TEXT", help: "With --sign: why, for those who sign after you" },
  ...TARGET_OPTIONS,
  ...SIGN_OPTIONS,
} as const;

export interface ReleaseImport {
  readonly client: Client;
  readonly product: ProductName;
  readonly channel: ChannelName;
  readonly memory: ImportMemory;
  readonly isDryRun: boolean;
  readonly options: OptionValues<typeof IMPORT_SIGN_OPTIONS>;
}

/** Fetches the files one after the other, uploads each as `release upload` does, and signs all at the end, once. */
export async function importReleases(
  context: CommandContext,
  files: AsyncIterable<PeerFile>,
  wanted: ReleaseImport,
  report: ReportBuilder,
): Promise<void> {
  const { isDryRun, options } = wanted;
  // What cannot be signed is said before gigabytes are fetched.
  const session = options.sign && !isDryRun ? await openTrustSession(context) : undefined;
  if (session !== undefined) {
    targetsOf(session.repository, roleOf(wanted));
    if (!options.yes && !context.terminal.canAsk)
      throw usageError("Nobody is here to confirm what is signed.", "Add --yes.");
  }
  const here = await artifactsHere(context, wanted);
  const toSign: ReleaseTarget[] = [];
  try {
    for await (const file of files) {
      const known = wanted.memory.sha256Of(file.id);
      const isSigned = known === undefined ? undefined : here.get(known);
      if (isSigned === true || (isSigned === false && session === undefined)) {
        report.count("releases", "known");
        continue;
      }
      if (isDryRun) report.count("releases", "added");
      else await bring(context, file, wanted, session, toSign, report);
    }
  } finally {
    // Also where a later file stopped the import: what came is signed, or the next run would fetch it again.
    if (session !== undefined && !context.signal.aborted)
      await signAll(context, session, toSign, wanted);
  }
}

const roleOf = ({ product, channel }: ReleaseImport): string => `${product}.${channel}`;

/** The channel's artifacts, and whether each is signed. */
async function artifactsHere(
  { signal }: CommandContext,
  { client, product, channel }: ReleaseImport,
): Promise<ReadonlyMap<Sha256, boolean>> {
  const found = new Map<Sha256, boolean>();
  let cursor: string | undefined;
  do {
    const page = await client.call(
      "listReleases",
      { query: { product, channel, ...(cursor === undefined ? {} : { cursor }) } },
      { signal },
    );
    for (const { artifacts } of page.items)
      for (const { sha256, trust } of artifacts) found.set(sha256, trust.state !== "unsigned");
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function bring(
  context: CommandContext,
  file: PeerFile,
  wanted: ReleaseImport,
  session: TrustSession | undefined,
  toSign: ReleaseTarget[],
  report: ReportBuilder,
): Promise<void> {
  const { client, product, channel, memory, options } = wanted;
  await demandRoom(memory.folder, file);
  const path = join(memory.folder, file.fileName);
  try {
    await fetchFile(context, file, path);
    const wrapped = await artifactFiles(
      [path],
      { name: undefined, "hardware-type": file.wrap?.hardwareTypes ?? [] },
      file.wrap?.name,
    );
    try {
      const [artifact = path] = wrapped.files;
      const place = { product, channel };
      const current = session === undefined ? {} : targetsOf(session.repository, roleOf(wanted));
      // Read whole and verified here, whether it is signed or not: damage on the way goes no further.
      const target = await releaseTarget(artifact, place, current, options, context.signal);
      const uploaded = await uploadFile(context, client, artifact, place);
      await memory.remember(file.id, uploaded.artifact.sha256);
      if (session !== undefined) toSign.push(target);
      report.count("releases", uploaded.created ? "added" : "known");
    } finally {
      await wrapped.remove();
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    report.leaveOut("releases", file.label, reason);
  }
  await rm(path, { force: true });
}

/** Room for the file, and for the artifact that it becomes. */
async function demandRoom(folder: string, { label, sizeBytes, wrap }: PeerFile): Promise<void> {
  if (sizeBytes === null) return;
  const { bavail, bsize } = await statfs(folder);
  const neededBytes = sizeBytes * (wrap === undefined ? 1 : 2);
  if (bavail * bsize < neededBytes)
    throw new CliError(
      "file-invalid",
      `${label} needs ${sizeText(neededBytes)} of room in ${folder}.`,
      { hint: "XDG_STATE_HOME names another place." },
    );
}

/** Why this file alone does not come; undefined: the whole import cannot go on. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof ArtifactError) return describeArtifactError(error).sentence;
  if (error instanceof ApiProblem)
    return error.status === 409 || error.status === 413 || error.status === 422
      ? error.detail
      : undefined;
  if (!(error instanceof CliError)) return undefined;
  if (error.code === "usage") return `${error.sentence} ${error.hint ?? ""}`.trim();
  return error.code === "digest-mismatch" ? error.sentence : undefined;
}

async function signAll(
  context: CommandContext,
  session: TrustSession,
  toSign: readonly ReleaseTarget[],
  wanted: ReleaseImport,
): Promise<void> {
  const proposed = filesWith(session.repository, roleOf(wanted), toSign);
  if (proposed === undefined) return;
  const outcome = await propose(context, session, proposed, { ...wanted.options, sign: true });
  if (!context.isJson) context.terminal.out(outcomeText(outcome));
}
