import type { Client } from "@moult/client";
import { HardwareType } from "@moult/model";
import { usageError } from "../command-line/cli-error.ts";
import { command, type CommandContext } from "../command-line/command.ts";
import { deviceBatch } from "../import/device-batch.ts";
import { hawkbitDevices, type HawkbitChoice } from "../import/hawkbit-devices.ts";
import { hawkbitFiles } from "../import/hawkbit-releases.ts";
import { IMPORT_OPTIONS, runImport, type ImportRun } from "../import/import-run.ts";
import { basic, peerOf, type Peer } from "../import/peer-credentials.ts";
import { createPeerLink, type PeerLink } from "../import/peer-link.ts";
import { connect } from "../session/connect.ts";

export const importHawkbit = command({
  positionals: ["SERVER"],
  details:
    "Reads targets with their tags, groups and attributes, and the distribution sets of a hawkBit server, and writes nothing there. A target becomes a device of the same name and, where the user may read it, with the same token, so that its client needs another address alone. A set with one file becomes a release. Run it as often as you like: what is here already stays, and a run that was stopped goes on.",
  options: {
    "hardware-type": {
      type: "string",
      value: "TYPE",
      help: "Kind of machine of devices and files that do not say it; else a device's target type",
    },
    "hardware-attribute": {
      type: "string",
      value: "NAME",
      help: "The attribute in which devices say it",
    },
    query: {
      type: "string",
      value: "QUERY",
      help: "Only targets that this query of hawkBit's fits",
    },
    ...IMPORT_OPTIONS,
  },
  example:
    "moult import hawkbit hawkbit.example.org --product gw2 --hardware-type gw2-rev-b --user admin",
  run: async (context, { options, positionals: [address = ""] }) => {
    const given = options["hardware-type"];
    const hardwareType = given === undefined ? undefined : HardwareType.safeParse(given).data;
    if (given !== undefined && hardwareType === undefined)
      throw usageError(`"${given}" cannot be a hardware type.`);
    const peer = await peerOf(context, address, options);
    // Before Moult's own authority is believed, which may be the only one from then on.
    const link = linkTo(context, peer);
    const client = await connect(context);
    const choice = {
      query: options.query,
      hardwareType,
      hardwareAttribute: options["hardware-attribute"],
    };
    const hardwareTypes = given === undefined ? [] : [given];
    await runImport(context, client, options, {
      server: peer.server,
      devices: (run) => bringDevices(context, client, link, choice, run),
      files: ({ report }) => hawkbitFiles(link, { hardwareTypes }, report),
    });
  },
});

interface Controller {
  readonly controllerId: string;
  readonly hardwareType: string;
  readonly name?: string;
  readonly token?: string;
  readonly attributes?: Record<string, string>;
  readonly groupIds: string[];
}

function linkTo({ signal }: CommandContext, { server, credentials, authority }: Peer): PeerLink {
  const authorization =
    credentials.kind === "token"
      ? (`Bearer ${credentials.token}` as const)
      : basic(credentials.user, credentials.password);
  return createPeerLink({ server, authority, signal, authorization });
}

async function bringDevices(
  { signal }: CommandContext,
  client: Client,
  link: PeerLink,
  choice: HawkbitChoice,
  { product, isDryRun, report, groups, drawProgress }: ImportRun,
): Promise<void> {
  const batch = deviceBatch<Controller>(
    (items) =>
      client.call(
        "importControllers",
        { body: { product, isDryRun, items: [...items] } },
        { signal },
      ),
    report,
    drawProgress,
  );
  for await (const device of hawkbitDevices(link, choice, report)) {
    const { controllerId, hardwareType, name, token, attributes } = device;
    await batch.add(controllerId, {
      controllerId,
      hardwareType,
      groupIds: await groups.idsOf(device.groups),
      ...(name === undefined ? {} : { name }),
      ...(token === undefined ? {} : { token }),
      ...(attributes === undefined ? {} : { attributes }),
    });
  }
  await batch.end();
  if (report.counts.devices.added > 0)
    report.note(
      "The devices come when their clients ask this server: its address instead of the other's; the guide says what else.",
    );
}
