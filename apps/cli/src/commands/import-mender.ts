import { command, type CommandContext } from "../command-line/command.ts";
import { CliError } from "../command-line/cli-error.ts";
import { deviceBatch } from "../import/device-batch.ts";
import { IMPORT_OPTIONS, runImport, type ImportRun } from "../import/import-run.ts";
import { menderDevices, type MenderFilter } from "../import/mender-devices.ts";
import { menderArtifacts } from "../import/mender-releases.ts";
import { basic, peerOf, type Peer } from "../import/peer-credentials.ts";
import { createPeerLink, type PeerLink } from "../import/peer-link.ts";
import { connect } from "../session/connect.ts";
import type { Client } from "@moult/client";

export const importMender = command({
  positionals: ["SERVER"],
  details:
    "Reads accepted and preauthorised devices, their groups and tags, and the artifacts of a Mender server, and writes nothing there. A device is preauthorised here by its key and identity: it is accepted, in its groups, the moment its client asks this server. Run it as often as you like: what is here already stays, and a run that was stopped goes on.",
  options: {
    "device-type": {
      type: "string",
      value: "TYPE",
      multiple: true,
      help: "Only devices and artifacts of this type",
    },
    group: { type: "string", value: "NAME", help: "Only devices of this group there" },
    ...IMPORT_OPTIONS,
  },
  example: "moult import mender hosted.mender.io --product gw2 --token-file token --dry-run",
  run: async (context, { options, positionals: [address = ""] }) => {
    const peer = await peerOf(context, address, options);
    // Before Moult's own authority is believed, which may be the only one from then on.
    const link = await signedIn(context, peer);
    const client = await connect(context);
    const deviceTypes = options["device-type"];
    await runImport(context, client, options, {
      server: peer.server,
      devices: (run) =>
        bringDevices(context, client, link, { deviceTypes, group: options.group }, run),
      files: ({ report }) => menderArtifacts(link, { deviceTypes }, report),
    });
  },
});

interface Preauthorised {
  readonly keyFingerprint: string;
  readonly identity: Record<string, string>;
  readonly name?: string;
  readonly groupIds: string[];
}

async function signedIn({ signal }: CommandContext, peer: Peer): Promise<PeerLink> {
  const { server, credentials, authority } = peer;
  if (credentials.kind === "token")
    return createPeerLink({
      server,
      authority,
      signal,
      authorization: `Bearer ${credentials.token}`,
    });
  const { user, password } = credentials;
  const entrance = createPeerLink({
    server,
    authority,
    signal,
    authorization: basic(user, password),
  });
  const path = "/api/management/v1/useradm/auth/login";
  const token = (await entrance.text({ path, body: {} })).trim().replace(/^"|"$/g, "");
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    throw new CliError("peer-invalid", `${server} gives no token for signing in.`, {
      hint: "Make a personal access token there, and give it with --token-file.",
    });
  return createPeerLink({ server, authority, signal, authorization: `Bearer ${token}` });
}

async function bringDevices(
  { signal }: CommandContext,
  client: Client,
  link: PeerLink,
  filter: MenderFilter,
  { product, isDryRun, report, groups, drawProgress }: ImportRun,
): Promise<void> {
  const batch = deviceBatch<Preauthorised>(
    (items) =>
      client.call(
        "importPreauthorisations",
        { body: { product, isDryRun, items: [...items] } },
        { signal },
      ),
    report,
    drawProgress,
  );
  for await (const device of menderDevices(link, filter, report)) {
    const { keyFingerprint, identity, name, label } = device;
    await batch.add(label, {
      keyFingerprint,
      identity,
      groupIds: await groups.idsOf(device.groups),
      ...(name === undefined ? {} : { name }),
    });
  }
  await batch.end();
  if (report.counts.devices.added > 0)
    report.note(
      "The devices come when their clients ask this server: ServerURL in mender.conf; a TenantToken may stay. Their inventory they say themselves then.",
    );
}
