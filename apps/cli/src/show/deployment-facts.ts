import type { Deployment } from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import { factsText } from "../terminal/table-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { timeText } from "../terminal/time-text.ts";
import { headline, stageLines, tallyBars, tallyText, tripText } from "./deployment-text.ts";

/** All of a deployment for people. */
export function deploymentText(deployment: Deployment, terminal: Terminal): string {
  const { plan, trip, target, finishedAt } = deployment;
  return [
    `${headline(deployment, terminal)}\n${plainText(deployment.headline)}`,
    tallyBars(deployment, terminal).join("\n"),
    factsText([
      ["Stopped itself", trip === null ? undefined : tripText(trip)],
      ["Deployment", deployment.id],
      ["Release", deployment.releaseId],
      ["Target", targetText(target)],
      ["Devices", tallyText(deployment.tally)],
      ["Stages", stageLines(deployment).join("\n")],
      [
        "At a time",
        `${plan.concurrentMax} devices; each has ${plan.attemptsMax === 1 ? "one try" : `${plan.attemptsMax} tries`}`,
      ],
      ["Created", `${timeText(deployment.createdAt)} by ${deployment.createdBy}`],
      ["Finished", finishedAt === null ? undefined : timeText(finishedAt)],
    ]),
  ].join("\n\n");
}

function targetText(target: Deployment["target"]): string {
  switch (target.kind) {
    case "all":
      return "all devices of the product";
    case "group":
      return `group ${target.groupId}`;
    case "devices":
      return `${target.deviceIds.length} devices`;
  }
}
