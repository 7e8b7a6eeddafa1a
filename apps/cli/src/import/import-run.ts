import type { Client } from "@moult/client";
import type { ProductName } from "@moult/model";
import { usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs, OptionValues } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { channelPlace, type ChannelPlace } from "../trust/channel-role.ts";
import { importGroups, type ImportGroups } from "./import-groups.ts";
import { openImportMemory } from "./import-memory.ts";
import { importReleases, IMPORT_SIGN_OPTIONS } from "./import-releases.ts";
import { ReportBuilder } from "./import-report.ts";
import { importText } from "./import-text.ts";
import { PEER_OPTIONS } from "./peer-credentials.ts";
import type { PeerFile } from "./peer-file.ts";

/** Options of every import. */
export const IMPORT_OPTIONS = {
  product: { type: "string", value: "PRODUCT", required: true, help: "What comes becomes its" },
  channel: { type: "string", value: "CHANNEL", help: "Of the releases; prod unless told" },
  only: { type: "string", value: "KIND", help: "devices or releases; both unless told" },
  "dry-run": { type: "boolean", help: "Change nothing; report what would come" },
  ...PEER_OPTIONS,
  ...IMPORT_SIGN_OPTIONS,
} as const satisfies OptionSpecs;

export interface ImportRun {
  readonly place: ChannelPlace;
  readonly isDryRun: boolean;
  readonly report: ReportBuilder;
  readonly groups: ImportGroups;
  readonly product: ProductName;
  /** Where there is a terminal. */
  readonly drawProgress: () => void;
}

/** What an import reads, and where it puts it; in the order devices, releases. */
export interface ImportParts {
  readonly devices: (run: ImportRun) => Promise<void>;
  readonly files: (run: ImportRun) => AsyncIterable<PeerFile>;
  /** What the memory of earlier runs is kept for. */
  readonly server: string;
}

/** Runs an import, and reports it, as far as it came, also where something stopped it. */
export async function runImport(
  context: CommandContext,
  client: Client,
  options: OptionValues<typeof IMPORT_OPTIONS>,
  { devices, files, server }: ImportParts,
): Promise<void> {
  const { environment, signal } = context;
  const { only } = options;
  const isDryRun = options["dry-run"];
  if (only !== undefined && only !== "devices" && only !== "releases")
    throw usageError(`"${only}" is neither devices nor releases.`);
  const place = channelPlace(`${options.product}/${options.channel ?? "prod"}`);
  const { product, channel } = place;
  // A product that is missing is said before anything is read.
  await client.call("showProduct", { params: { product } }, { signal });
  const report = new ReportBuilder();
  const groups = await importGroups(client, product, { isDryRun, signal }, report);
  const drawProgress = (): void =>
    context.terminal.status([`${report.counts.devices.read} devices read`]);
  const run: ImportRun = { place, isDryRun, report, groups, product, drawProgress };
  try {
    if (only !== "releases") await devices(run);
    context.terminal.status(undefined);
    if (only !== "devices") {
      const memory = await openImportMemory(environment, [server, product, channel]);
      const wanted = { client, product, channel, memory, isDryRun, options };
      await importReleases(context, files(run), wanted, report);
    }
  } catch (error) {
    if (!context.isJson) {
      context.terminal.status(undefined);
      context.terminal.err(`Stopped; so far:\n${importText(report, isDryRun)}`);
    }
    throw error;
  }
  if (context.isJson) {
    const { counts, leftOut, unlisted, notes } = report;
    printJson(context.terminal, { isDryRun, counts, leftOut, unlisted, notes });
  } else context.terminal.out(importText(report, isDryRun));
}
