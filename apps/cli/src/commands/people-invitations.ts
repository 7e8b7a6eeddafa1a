import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { INVITATION_COLUMNS } from "../show/people-text.ts";
import { printList } from "../show/print-list.ts";

export const peopleInvitations = command({
  details: "Also those that are over, until they are revoked or made again.",
  options: {},
  example: "moult people invitations",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listInvitations", {}, { signal: context.signal });
    printList(context, reply, INVITATION_COLUMNS, "There are no invitations.");
  },
});
