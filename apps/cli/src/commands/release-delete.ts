import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const releaseDelete = command({
  positionals: ["RELEASE"],
  details: "With all its artifacts. The server refuses while an unfinished deployment uses it.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult release delete gw2/1.3.0",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const release = await lookupRelease(client, name, signal);
    const { product, channel, version, artifacts, id: releaseId } = release;
    const what = `release ${product}/${channel}/${version}`;
    await confirm(context, options.yes, `Delete ${what} with its ${artifacts.length} artifacts?`);
    await client.call("deleteRelease", { params: { releaseId } }, { signal });
    printDeleted(context, "release", releaseId);
  },
});
