import { CliError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const peopleRevokeInvitation = command({
  positionals: ["EMAIL"],
  details: "EMAIL may also be the invitation's id.",
  options: {},
  example: "moult people revoke-invitation bob@example.org",
  run: async (context, { positionals: [text = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const { items } = await client.call("listInvitations", {}, { signal });
    const meant = text.toLowerCase();
    const found = items.find(({ id, email }) => id === meant || email === meant);
    if (found === undefined)
      throw new CliError("not-found", `There is no invitation for "${text}".`, {
        hint: "`moult people invitations` shows what there is.",
      });
    const { id: invitationId } = found;
    await client.call("revokeInvitation", { params: { invitationId } }, { signal });
    printDeleted(context, "invitation", invitationId);
  },
});
