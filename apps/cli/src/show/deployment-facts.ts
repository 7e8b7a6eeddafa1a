import {
  modeWords,
  flowWords,
  onTripWords,
  secondsWords,
  windowLine,
  targetTermsWords,
  type Deployment,
  type Plan,
} from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import { factsText } from "../terminal/table-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { timeText } from "../terminal/time-text.ts";
import { headline, stageLines, tallyBars, tallyText, tripText } from "./deployment-text.ts";

/** All of a deployment for people. */
export function deploymentText(deployment: Deployment, terminal: Terminal): string {
  const { plan, trip, target, finishedAt, nextStage, rollback } = deployment;
  return [
    `${headline(deployment, terminal)}\n${plainText(deployment.headline)}`,
    tallyBars(deployment, terminal).join("\n"),
    factsText([
      ["Stopped itself", trip === null ? undefined : tripText(trip)],
      ["Deployment", deployment.id],
      ["Release", deployment.releaseId],
      ["Target", [targetText(target), ...targetTermsWords(target)].map(plainText).join("\n")],
      ["Devices", tallyText(deployment.tally)],
      [
        "Held back",
        deployment.heldBack === 0 ? undefined : `${deployment.heldBack} devices, for good`,
      ],
      ["Stages", stageLines(deployment).join("\n")],
      ["Next", nextStage ?? undefined],
      ["Approved", approvalsText(deployment.approvals)],
      ["Cannot go on", lackingText(deployment.pendingApproval)],
      ["Priority", String(plan.priority)],
      ["At a time", `${limitsText(plan.limits)}; each has ${triesText(plan.retry)}`],
      ["On a trip", onTripWords(plan.onTrip)],
      ["Mode", modeWords(plan.mode, plan.forceAfterSeconds)],
      [
        "Installation",
        deployment.installationOpenedAt === null
          ? undefined
          : `open since ${timeText(deployment.installationOpenedAt)}`,
      ],
      ["Conditions", plan.conditions === undefined ? undefined : plainText(plan.conditions)],
      ["Windows", plan.windows?.map((window) => plainText(windowLine(window))).join("\n")],
      ["Taken back", orderText(rollback.order)],
      ["Rolls back", rollback.of ?? undefined],
      ["Rolled back by", rollback.by.length === 0 ? undefined : rollback.by.join("\n")],
      [
        "Not rolled back",
        rollback.problems.length === 0 ? undefined : plainText(rollback.problems.join(" ")),
      ],
      ["Created", `${timeText(deployment.createdAt)} by ${deployment.createdBy}`],
      ["Finished", finishedAt === null ? undefined : timeText(finishedAt)],
    ]),
  ].join("\n\n");
}

const limitsText = (limits: Plan["limits"]): string =>
  [`${limits.concurrentMax} devices`, ...flowWords(limits)].join(", ");
const orderText = (order: Deployment["rollback"]["order"]): string | undefined =>
  order === null
    ? undefined
    : plainText(
        `to ${order.to?.version ?? "what each ran before"}, at ${timeText(order.at)} by ${order.by}`,
      );
/** That it waits for people is said beside "Next"; here, that too few of them are left. */
const lackingText = (pending: Deployment["pendingApproval"]): string | undefined =>
  pending !== null && pending.approversLeft < pending.required - pending.given
    ? pending.sentence
    : undefined;

const approvalsText = (approvals: Deployment["approvals"]): string | undefined =>
  approvals.length === 0
    ? undefined
    : approvals
        .map(({ stage, by, email, at }) =>
          plainText(`stage ${stage + 1} by ${by} (${email}) at ${timeText(at)}`),
        )
        .join("\n");

function triesText({ attemptsMax, backoffSeconds, retryOn, neverOn }: Plan["retry"]): string {
  return [
    attemptsMax === 1 ? "one try" : `${attemptsMax} tries`,
    ...(backoffSeconds === 0
      ? []
      : [`${secondsWords(backoffSeconds)} apart and twice as long each time`]),
    ...(retryOn === undefined ? [] : [`only after ${retryOn.join(", ")}`]),
    ...(neverOn === undefined ? [] : [`none after ${neverOn.join(", ")}`]),
  ].join(", ");
}

function targetText(target: Deployment["target"]): string {
  switch (target.kind) {
    case "all":
      return "all devices of the product";
    case "group":
      return `group ${target.groupId}`;
    case "query":
      return `devices of which it is true: ${target.query}`;
    case "devices":
      return `${target.deviceIds.length} devices`;
  }
}
