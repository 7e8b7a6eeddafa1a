import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Input } from "@moult/client";
import type { BulkChange } from "@moult/model";
import { usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs, OptionValues } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { EXIT, type ExitCode } from "../command-line/exit-code.ts";
import { DEVICE_FILTER_OPTIONS, deviceFilter } from "../lookup/device-filter.ts";
import { bulkChangeText } from "../show/bulk-change-text.ts";
import { printJson } from "../show/print-json.ts";
import { barText } from "../terminal/bar-text.ts";
import { plainText } from "../terminal/plain-text.ts";

/** Options of the commands that take devices by name, or all that filters fit. */
export const MANY_OPTIONS = {
  ...DEVICE_FILTER_OPTIONS,
  all: { type: "boolean", help: "Every device" },
  yes: { type: "boolean", short: "y", help: "Do not ask" },
} as const satisfies OptionSpecs;

export const MANY_DETAILS =
  "Devices are named one by one, or chosen by filters. What would happen to those that filters choose is shown before it is begun.";

const ASK_EVERY_MS = 500;
const BAR_COLUMNS = 24;

type Filter = NonNullable<Awaited<ReturnType<typeof deviceFilter>>>;

/** The filter that chooses the devices; undefined when they are named. Throws `usage` for both and for neither. */
export async function chosenFilter(
  { signal }: CommandContext,
  client: Client,
  options: OptionValues<typeof MANY_OPTIONS>,
  devices: readonly string[],
): Promise<Filter | undefined> {
  const filter = await deviceFilter(client, options, signal);
  if (options.all && filter !== undefined)
    throw usageError("--all is every device; leave it out, or the filters.");
  const chosen = options.all ? {} : filter;
  if (devices.length > 0 && chosen !== undefined)
    throw usageError("Name devices or choose them by filters, not both.");
  if (devices.length === 0 && chosen === undefined)
    throw usageError("Name a device, or choose some by filters such as --state pending.");
  return chosen;
}

/** Rehearses an action on all devices that fit, asks, begins it and stays until its end; it goes on without whoever leaves. */
export async function changeMany(
  context: CommandContext,
  client: Client,
  filter: Filter,
  action: Input<"rehearseBulkChange">["body"]["action"],
  isAgreed: boolean,
): Promise<ExitCode> {
  const { terminal, signal, isJson } = context;
  const selection = { kind: "matching" as const, filter };
  const rehearsal = await client.call(
    "rehearseBulkChange",
    { body: { selection, action } },
    { signal },
  );
  const { matches, changes, samples } = rehearsal;
  const names = samples.map(({ name }) => name).join(", ");
  const more = changes > samples.length ? `, and ${changes - samples.length} more` : "";
  terminal.err(plainText(rehearsal.sentence + (changes === 0 ? "" : ` (${names}${more})`)));
  if (changes === 0) {
    if (isJson) printJson(terminal, rehearsal);
    return EXIT.ok;
  }
  await confirm(context, isAgreed, "Go ahead?");

  const body = { selection, action, expectedMatches: matches };
  const begun = await client.call("startBulkChange", { body }, { signal });
  const finished = await untilFinished(context, client, begun);
  if (isJson) printJson(terminal, finished);
  else terminal.out(bulkChangeText(finished));
  return finished.refused.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Draws how far a change is until it is finished. */
export async function untilFinished(
  { terminal, signal }: CommandContext,
  client: Client,
  begun: BulkChange,
): Promise<BulkChange> {
  let change = begun;
  try {
    for (;;) {
      const input = { params: { bulkChangeId: begun.id } };
      change = await client.call("showBulkChange", input, { signal });
      if (change.state === "finished") return change;
      const { done, total } = change;
      terminal.status([`${barText(done / Math.max(1, total), BAR_COLUMNS)}  ${done} of ${total}`]);
      await sleep(ASK_EVERY_MS, undefined, { signal });
    }
  } finally {
    terminal.status(undefined);
    if (change.state !== "finished")
      terminal.err(`It goes on: \`moult bulk-change show ${begun.id}\` tells how far it is.`);
  }
}
