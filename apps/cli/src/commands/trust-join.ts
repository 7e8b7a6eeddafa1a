import { RootMetadata, MetadataFile, parseStrictJson } from "@moult/trust";
import { CliError, usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { openRepository, sha256Of } from "../trust/repository.ts";
import { serverSource } from "../trust/server-source.ts";
import { openTrustPlace } from "../trust/trust-session.ts";

const ROOT_BYTES_MAX = 64 * 1024;
/** More roots than a repository sees in decades. */
const ROOTS_MAX = 1_000;

export const trustJoin = command({
  details:
    "Takes over a root of trust that exists. Its digest comes from whoever made it, by another way than the server: a call, a paper, a signed message. `moult trust status` shows it there.",
  options: {
    "root-sha256": {
      type: "string",
      value: "DIGEST",
      required: true,
      help: "SHA-256 of any root.json of the server",
    },
  },
  example: `moult trust join --root-sha256 ${"ab".repeat(32)}`,
  run: async (context, { options }) => {
    const wanted = options["root-sha256"].toLowerCase().replace(/[\s:]/g, "");
    if (!/^[0-9a-f]{64}$/.test(wanted))
      throw usageError("--root-sha256 has 64 hexadecimal digits.");
    const { client, folder } = await openTrustPlace(context);
    if ((await folder.anchor()) !== undefined)
      throw new CliError("file-exists", `There is a root of trust in ${folder.path} already.`);
    const source = serverSource(client, context.signal);
    for (let version = 1; version <= ROOTS_MAX; version += 1) {
      const bytes = await source.fetch(`${version}.root.json`, ROOT_BYTES_MAX);
      if (bytes === undefined) break;
      if (sha256Of(bytes) !== wanted) continue;
      await folder.writeAnchor(bytes);
      const { root } = await openRepository(context, client, folder);
      const reply = { folder: folder.path, rootVersion: root.metadata.version };
      if (context.isJson) printJson(context.terminal, reply);
      else
        context.terminal.out(
          `The root is version ${String(versionOf(bytes))}; it leads to version ${reply.rootVersion}, the newest.`,
        );
      return;
    }
    throw new CliError("not-found", "The server has no root with this digest.", {
      hint: "Either the digest was copied wrongly, or this is not the server that you think it is.",
    });
  },
});

const versionOf = (bytes: Uint8Array): number =>
  RootMetadata.parse(MetadataFile.parse(parseStrictJson(bytes)).signed).version;
