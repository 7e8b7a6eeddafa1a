import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { readText } from "../files/read-text.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { releaseText } from "../show/release-text.ts";

export const releaseChange = command({
  positionals: ["RELEASE"],
  options: {
    notes: { type: "string", value: "TEXT", help: "What is new in it" },
    "notes-file": { type: "string", value: "FILE", help: "The same from a file" },
  },
  example: "moult release change gw2/1.4.0 --notes-file CHANGES.md",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const file = options["notes-file"];
    if ((options.notes === undefined) === (file === undefined))
      throw usageError("Give --notes or --notes-file.");
    const notes = options.notes ?? (await readText(file ?? ""));
    const client = await connect(context);
    const { id: releaseId } = await lookupRelease(client, name, signal);
    const input = { params: { releaseId }, body: { notes } };
    const release = await client.call("changeRelease", input, { signal });
    if (context.isJson) printJson(context.terminal, release);
    else context.terminal.out(releaseText(release));
  },
});
