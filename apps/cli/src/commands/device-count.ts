import type { Client, Reply } from "@moult/client";
import { command, type CommandContext } from "../command-line/command.ts";
import { DEVICE_FILTER_OPTIONS, deviceFilter } from "../lookup/device-filter.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const deviceCount = command({
  options: DEVICE_FILTER_OPTIONS,
  details:
    "Without filters, or with a product alone: by state, contact and what they run. With filters: how many fit them.",
  example: "moult device count --product gw2 --contact silent",
  run: async (context, { options }) => {
    const client = await connect(context);
    const filter = (await deviceFilter(client, options, context.signal)) ?? {};
    const isOverview = Object.keys(filter).every((name) => name === "product");
    if (!isOverview) return printMatching(context, client, filter);
    const { product } = filter;
    const { signal, terminal, isJson } = context;
    const counts = await client.call("countDevices", { query: { product } }, { signal });
    if (isJson) printJson(terminal, counts);
    else terminal.out(overviewText(counts));
  },
});

async function printMatching(
  { terminal, isJson, signal }: CommandContext,
  client: Client,
  query: NonNullable<Awaited<ReturnType<typeof deviceFilter>>>,
): Promise<void> {
  const reply = await client.call("countMatchingDevices", { query }, { signal });
  if (isJson) printJson(terminal, reply);
  else terminal.out(reply.isExact ? String(reply.count) : `at least ${reply.count}`);
}

function overviewText(counts: Reply<"countDevices">): string {
  const facts = (numbers: Readonly<Record<string, number>>) =>
    factsText(Object.entries(numbers).map(([name, count]) => [name, String(count)]));
  const running = counts.byRunning.map(
    ({ artifactName, count }) => [artifactName ?? "unknown", String(count)] as const,
  );
  return [
    facts(counts.byState),
    `Of the accepted ones:\n${facts({ ...counts.byContact, "in an update": counts.updating })}`,
    ...(running.length > 0 ? [`What the accepted ones run:\n${factsText(running)}`] : []),
  ].join("\n\n");
}
