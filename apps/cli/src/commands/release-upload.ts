import type { Client } from "@moult/client";
import type { Release } from "@moult/model";
import { uploadFile, type Uploaded } from "../actions/upload-file.ts";
import { artifactFiles, WRAP_OPTIONS } from "../artifact/wrap-file.ts";
import { usageError } from "../command-line/cli-error.ts";
import { command, type CommandContext, type OptionValues } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { outcomeText } from "../show/trust-text.ts";
import { plainText } from "../terminal/plain-text.ts";
import { SIGN_OPTIONS, propose, type ProposalOutcome } from "../trust/proposals.ts";
import { releaseFiles } from "../trust/propose-release.ts";
import { TARGET_OPTIONS } from "../trust/release-target.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const releaseUpload = command({
  positionals: ["FILE..."],
  details:
    "An artifact joins the release that its artifact name names; the release is made if it is new. The same file again is fine. An upload that was stopped, killed or cut goes on when the same command is run again within a day. A file of SWUpdate or RAUC becomes the one payload of an artifact, here, for all clients that install it. With --sign the files are proposed for the channel as well, signed with the keys of this machine, and published when no other signature is missing.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "Whose release it is" },
    channel: { type: "string", value: "CHANNEL", help: "prod unless told" },
    sign: { type: "boolean", help: "Sign it, so that devices may install it" },
    "minimum-from": {
      type: "string",
      value: "VERSION",
      help: "Offer its release only to devices that run VERSION or later",
    },
    "must-pass-through": {
      type: "boolean",
      help: "Offer later releases only to devices that have come this far",
    },
    note: { type: "string", value: "TEXT", help: "With --sign: why, for those who sign after you" },
    ...WRAP_OPTIONS,
    ...TARGET_OPTIONS,
    ...SIGN_OPTIONS,
  },
  example: "moult release upload --product gw2 gw2-1.4.0.mender --sign",
  run: async (context, { options, positionals }) => {
    const { files, remove } = await artifactFiles(positionals, options);
    try {
      await uploadAndSign(context, files, positionals, options);
    } finally {
      await remove();
    }
  },
});

type Options = UploadOptions &
  OptionValues<typeof TARGET_OPTIONS> &
  OptionValues<typeof SIGN_OPTIONS>;

async function uploadAndSign(
  context: CommandContext,
  files: readonly string[],
  given: readonly string[],
  options: Options,
): Promise<void> {
  const { terminal, isJson } = context;
  const { product, channel, sign } = options;
  // What cannot be signed is said before gigabytes are sent.
  const session = sign ? await openTrustSession(context) : undefined;
  const proposed =
    session === undefined
      ? undefined
      : await releaseFiles(context, session.repository, files, { product, channel }, options);
  if (sign && !options.yes && !terminal.canAsk)
    throw usageError("Nobody is here to confirm what is signed.", "Add --yes.");
  const items = await uploadAll(context, files, given, options);
  let trust: ProposalOutcome | undefined;
  if (session !== undefined && proposed !== undefined)
    trust = await propose(context, session, proposed, options);
  if (isJson) printJson(terminal, { items, ...(trust === undefined ? {} : { trust }) });
  else if (trust !== undefined) terminal.out(outcomeText(trust));
  else if (sign) terminal.out("It was signed already.");
}

interface UploadOptions {
  readonly note: string | undefined;
  readonly product: string;
  readonly channel: string | undefined;
  readonly sign: boolean;
  readonly "minimum-from": string | undefined;
  readonly "must-pass-through": boolean | undefined;
}

async function uploadAll(
  context: CommandContext,
  files: readonly string[],
  given: readonly string[],
  options: UploadOptions,
): Promise<readonly Uploaded[]> {
  const client = await connect(context);
  const items: Uploaded[] = [];
  for (const [index, path] of files.entries()) {
    const reply = await uploadFile(context, client, path, options);
    const file = given[index] ?? path;
    const release = await withRules(context, client, reply.release, options);
    items.push({ ...reply, release });
    if (context.isJson) continue;
    const { artifact, created } = reply;
    const name = `${release.product}/${release.channel}/${release.version}`;
    const hardware = artifact.hardwareTypes.join(", ");
    context.terminal.out(
      plainText(
        created
          ? `${file} is in release ${name} now, for ${hardware}; signature: ${artifact.signature}.`
          : `${file} was in release ${name} already.`,
      ),
    );
    if (options.sign !== true && artifact.trust.state === "unsigned")
      context.terminal.err(
        plainText(
          `No offline key has signed it yet; to do so: ${
            file === path
              ? `moult trust propose --product ${release.product} --channel ${release.channel} ${file} --sign`
              : "the same command with --sign"
          }`,
        ),
      );
  }
  return items;
}

/** The same command again sets the same rules, also where it was stopped between the two. */
async function withRules(
  { signal }: CommandContext,
  client: Client,
  release: Release,
  options: UploadOptions,
): Promise<Release> {
  const minimumFrom = options["minimum-from"];
  const body = {
    ...(minimumFrom === undefined ? {} : { minimumFrom }),
    ...(options["must-pass-through"] ? { mustPassThrough: true } : {}),
  };
  if (Object.keys(body).length === 0) return release;
  return client.call("changeRelease", { params: { releaseId: release.id }, body }, { signal });
}
