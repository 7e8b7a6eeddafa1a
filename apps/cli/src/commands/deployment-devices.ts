import { AssignmentState, Outcome, type WaitingDevice } from "@moult/model";
import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { integer, oneOf } from "../command-line/option-value.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { ASSIGNMENT_COLUMNS } from "../show/assignment-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";

const WAITING_COLUMNS: readonly Column<WaitingDevice>[] = [
  { title: "DEVICE", text: ({ name }) => name },
  { title: "WAITS BECAUSE", text: ({ sentence }) => sentence },
];

export const deploymentDevices = command({
  positionals: ["DEPLOYMENT"],
  options: {
    state: { type: "string", value: "STATE", help: `One of ${AssignmentState.options.join(", ")}` },
    outcome: { type: "string", value: "OUTCOME", help: `One of ${Outcome.options.join(", ")}` },
    stage: { type: "string", value: "NUMBER", help: "Offered in this stage; the first is 1" },
    code: { type: "string", value: "CODE", help: "Ended with this code" },
    waiting: { type: "boolean", help: "Instead: those that were not offered it yet, and why" },
    ...PAGING_OPTIONS,
  },
  example: "moult deployment devices 'gw2 1.4.0' --outcome rolled-back",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const state = oneOf("state", options.state, AssignmentState.options);
    const outcome = oneOf("outcome", options.outcome, Outcome.options);
    const stage = integer("stage", options.stage, { min: 1, max: 20 });
    const { code, waiting } = options;
    const isFiltered = [state, outcome, stage, code].some((value) => value !== undefined);
    if (waiting && isFiltered)
      throw usageError("Devices that wait have no state, outcome, stage or code yet.");
    const paging = pagingQuery(options, waiting ? 100 : 500);
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    if (waiting) {
      const params = { deploymentId };
      const pages = client.pages("listWaitingDevices", { params, query: paging }, { signal });
      await printPages(context, options, pages, WAITING_COLUMNS, "No device waits.");
      return;
    }
    const query = {
      state,
      outcome,
      code,
      stage: stage === undefined ? undefined : stage - 1,
      ...paging,
    };
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
