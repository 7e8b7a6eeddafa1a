import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { APPROVER_COLUMNS } from "../show/people-text.ts";
import { printList } from "../show/print-list.ts";

export const peopleApprovers = command({
  details:
    "Others whose role lets them deploy. A plan's `approvals.from` may name some of them by address.",
  options: {},
  example: "moult people approvers",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listApprovers", {}, { signal: context.signal });
    printList(context, reply, APPROVER_COLUMNS, "Nobody but you may deploy.");
  },
});
