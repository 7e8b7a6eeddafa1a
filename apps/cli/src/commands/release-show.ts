import { command } from "../command-line/command.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { releaseText } from "../show/release-text.ts";

export const releaseShow = command({
  positionals: ["RELEASE"],
  details: "RELEASE is PRODUCT/VERSION, PRODUCT/CHANNEL/VERSION, an id, or the beginning of one.",
  options: {},
  example: "moult release show gw2/1.4.0",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const { id: releaseId } = await lookupRelease(client, name, signal);
    const release = await client.call("showRelease", { params: { releaseId } }, { signal });
    if (context.isJson) printJson(context.terminal, release);
    else context.terminal.out(releaseText(release));
  },
});
