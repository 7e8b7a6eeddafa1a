import { Provisioning } from "@moult/device-protocol";
import * as z from "zod";
import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { readPublicKeys } from "../files/read-public-key.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { printJson } from "../show/print-json.ts";
import { sha256Of } from "../trust/repository.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const deviceProvision = command({
  details:
    "Writes what an agent starts with: whom to call, whom to trust, what it is. With a product that requires signatures the agent gets the product's artifact keys, unless --artifact-key names others.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "What the device is" },
    "hardware-type": {
      type: "string",
      value: "TYPE",
      required: true,
      help: "What kind of machine it is",
    },
    channel: {
      type: "string",
      value: "CHANNEL",
      help: "It takes releases of this channel only; prod unless told",
    },
    "enrolment-token": {
      type: "string",
      value: "SECRET",
      help: "Lets it ask to join; - reads it from standard input; none for a preauthorised device",
    },
    "artifact-key": {
      type: "string",
      value: "FILE",
      multiple: true,
      help: "PEM public key that must have signed what it installs",
    },
    "server-url": {
      type: "string",
      value: "URL",
      help: "Where it reaches the server, if not at the server's public address",
    },
    out: {
      type: "string",
      value: "FILE",
      required: true,
      help: "Readable by you alone: the token is in it",
    },
    force: { type: "boolean", help: "Replace the file if it is there" },
  },
  example: `moult enrolment-token create --product gw2 |
  moult device provision --product gw2 --hardware-type raspberrypi4 --enrolment-token - --out provisioning.json`,
  run: async (context, { options }) => {
    const { terminal, signal } = context;
    const { out, force: mayReplace } = options;
    await refuseExisting(out, mayReplace);
    const token = options["enrolment-token"];
    const enrolmentToken = token === "-" ? await terminal.readInput() : token;
    const ownKeys = await readPublicKeys(options["artifact-key"]);
    // Whom devices trust is what this machine has verified, not what the server says.
    const { client, repository } = await openTrustSession(context);
    const params = { product: options.product };
    const product = await client.call("showProduct", { params }, { signal });
    const system = await client.call("showSystem", {}, { signal });
    const { certificateAuthority } = system;
    const productKeys = product.requireSignature ? product.artifactKeys : [];

    const provisioning = checked({
      version: 1,
      server: {
        url: options["server-url"] ?? system.publicUrl,
        ...(certificateAuthority === null ? {} : { certificateAuthority }),
      },
      tenantId: system.tenantId,
      product: product.name,
      hardwareType: options["hardware-type"],
      pathPrefix: `${product.name}/${options.channel ?? "prod"}/`,
      root: Buffer.from(repository.rootBytes).toString("utf8"),
      artifactKeys: ownKeys.length > 0 ? ownKeys : productKeys,
      ...(enrolmentToken === undefined ? {} : { enrolmentToken }),
    });
    const text = `${JSON.stringify(provisioning, null, 2)}\n`;
    await writeFileWhole(out, text, { mode: 0o600, mayReplace });
    const rootVersion = repository.root.metadata.version;
    const rootSha256 = sha256Of(repository.rootBytes);
    if (context.isJson) printJson(terminal, { file: out, rootVersion, rootSha256 });
    else {
      terminal.out(`Wrote ${out}; put it on the device as its agent's provisioning file.`);
      terminal.out(`It trusts your root, version ${rootVersion}, SHA-256 ${rootSha256}.`);
    }
  },
});

/** What devices would refuse is refused here. */
function checked(provisioning: z.input<typeof Provisioning>): Provisioning {
  const parsed = Provisioning.safeParse(provisioning);
  if (parsed.success) return parsed.data;
  throw usageError(
    `The device would refuse this: ${z.prettifyError(parsed.error).replace(/\s+/g, " ")}`,
  );
}
