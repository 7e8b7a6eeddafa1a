import { command } from "../command-line/command.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import { SAFEGUARD_COLUMNS } from "../show/safeguard-text.ts";

export const safeguardList = command({
  positionals: ["RELEASE"],
  details: "Those that hold come first, then the newest of those that were lifted.",
  options: {},
  example: "moult safeguard list gw2/1.4.0",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const { id: releaseId } = await lookupRelease(client, name, signal);
    const reply = await client.call("listSafeguards", { params: { releaseId } }, { signal });
    printList(context, reply, SAFEGUARD_COLUMNS, "The release has no safeguards.");
  },
});
