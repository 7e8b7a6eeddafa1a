import { CliError } from "../command-line/cli-error.ts";
import { command, type CommandContext } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { firstFiles } from "../trust/first-files.ts";
import { keptFirstFiles, publishFirstFiles } from "../trust/first-root.ts";
import type { ProposedFile } from "../trust/proposed-files.ts";
import { openRepository, sha256Of } from "../trust/repository.ts";
import { PASSPHRASE_OPTIONS } from "../trust/secrets.ts";
import { openTrustPlace, type TrustPlace } from "../trust/trust-session.ts";

export const trustInit = command({
  details:
    "Makes the keys that sign for this server's devices, the first root of trust among them, and publishes it. Unless told otherwise root has three keys of which two must sign; a channel that is not dev needs CI's key and a person's. A run that was cut goes on when it is repeated.",
  options: {
    product: {
      type: "string",
      value: "PRODUCT[/CHANNEL]",
      multiple: true,
      help: "Make the role that signs its releases; channel prod unless told",
    },
    "root-keys": { type: "string", value: "NUMBER", help: "Root keys to make, 3 unless told" },
    threshold: {
      type: "string",
      value: "NUMBER",
      help: "Of which so many must sign, 2 unless told",
    },
    "root-key": {
      type: "string",
      value: "NAME",
      multiple: true,
      help: "A key that is there, on a token for example, instead of new ones",
    },
    "targets-key": {
      type: "string",
      value: "NAME",
      help: "A key that is there, for the delegations",
    },
    "channel-key": {
      type: "string",
      value: "NAME",
      multiple: true,
      help: "A key that is there, for the channels; all of them must sign",
    },
    "keys-folder": {
      type: "string",
      value: "DIR",
      help: "Where key files go; else the trust folder",
    },
    development: {
      type: "boolean",
      help: "To try things out: two root keys, one key a channel, one passphrase for all",
    },
    yes: { type: "boolean", help: "Sign without being asked" },
    ...PASSPHRASE_OPTIONS,
  },
  example: "moult trust init --product gw2 --product gw2/dev",
  run: async (context, { options }) => {
    const place = await openTrustPlace(context);
    if ((await place.folder.anchor()) !== undefined)
      throw new CliError(
        "file-exists",
        `There is a root of trust in ${place.folder.path} already.`,
      );
    const kept = await keptFirstFiles(place.folder);
    const files = kept ?? (await firstFiles(context, place, options));
    const root = await publishFirstFiles(context, place.client, place.folder, files);
    await openRepository(context, place.client, place.folder);
    print(context, place, files, root);
  },
});

function print(
  { terminal, isJson }: CommandContext,
  { folder }: TrustPlace,
  files: readonly ProposedFile[],
  root: Uint8Array,
): void {
  const rootSha256 = sha256Of(root);
  const roles = files.map(({ role }) => role);
  if (isJson) {
    printJson(terminal, { folder: folder.path, rootSha256, roles });
    return;
  }
  terminal.out(`Published ${roles.join(", ")}. SHA-256 of the first root: ${rootSha256}`);
  terminal.err(
    [
      `Colleagues take it over with: moult trust join --root-sha256 ${rootSha256}`,
      "Now move the root keys, each to a medium of its own (a stick in a safe, a token), and delete them here; so the",
      "targets key. They are needed again only to change who may sign. `moult trust key list` tells where they are.",
    ].join("\n"),
  );
}
