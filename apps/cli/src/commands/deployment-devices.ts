import { AssignmentState, Outcome } from "@moult/model";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { ASSIGNMENT_COLUMNS } from "../show/assignment-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";

export const deploymentDevices = command({
  positionals: ["DEPLOYMENT"],
  options: {
    state: { type: "string", value: "STATE", help: `One of ${AssignmentState.options.join(", ")}` },
    outcome: { type: "string", value: "OUTCOME", help: `One of ${Outcome.options.join(", ")}` },
    ...PAGING_OPTIONS,
  },
  example: "moult deployment devices 'gw2 1.4.0' --outcome rolled-back",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const state = oneOf("state", options.state, AssignmentState.options);
    const outcome = oneOf("outcome", options.outcome, Outcome.options);
    const query = { state, outcome, ...pagingQuery(options) };
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const pages = client.pages("listAssignments", { params: { deploymentId }, query }, { signal });
    await printPages(
      context,
      options,
      pages,
      ASSIGNMENT_COLUMNS,
      "No device was offered it, or none fits.",
    );
  },
});
