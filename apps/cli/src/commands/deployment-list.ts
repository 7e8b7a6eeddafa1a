import { DeploymentState } from "@moult/model";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { DEPLOYMENT_COLUMNS } from "../show/deployment-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";

export const deploymentList = command({
  options: {
    product: { type: "string", value: "PRODUCT", help: "Of this product only" },
    state: {
      type: "string",
      value: "STATE,...",
      help: `In these states only, of ${DeploymentState.options.join(", ")}`,
    },
    release: { type: "string", value: "RELEASE", help: "Of this release only" },
    ...PAGING_OPTIONS,
  },
  example: "moult deployment list --state running",
  run: async (context, { options }) => {
    const { signal } = context;
    const { product, release } = options;
    const state = options.state
      ?.split(",")
      .map((word) => oneOf("state", word, DeploymentState.options))
      .join(",");
    const paging = pagingQuery(options);
    const client = await connect(context);
    const releaseId =
      release === undefined ? undefined : (await lookupRelease(client, release, signal)).id;
    const query = { product, state, releaseId, ...paging };
    const pages = client.pages("listDeployments", { query }, { signal });
    await printPages(context, options, pages, DEPLOYMENT_COLUMNS, "There are no such deployments.");
  },
});
