import type { FleetEvent, FleetEventBody } from "@moult/model";
import { unreachable } from "@moult/base";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";
import { tripText } from "./deployment-text.ts";

/** One line: when, what about, what happened. `isOneDeployment`: all lines are about the same one, which is not said. */
export function eventLine(
  { at, deviceId, deploymentId, body }: FleetEvent,
  isOneDeployment = false,
): string {
  const about = [
    ...(deviceId === null ? [] : [`device ${deviceId}`]),
    ...(deploymentId === null || isOneDeployment ? [] : [`deployment ${deploymentId}`]),
  ];
  const subject = about.length === 0 ? "" : `${about.join(", ")}: `;
  return plainText(`${timeText(at)}  ${subject}${eventText(body)}`);
}

/** What happened, in words. */
export function eventText(body: FleetEventBody): string {
  switch (body.kind) {
    case "device-enrolled":
      return `asked to join ${body.product} and is ${body.state}`;
    case "device-state-changed":
      return `is ${body.state}, by ${body.by}`;
    case "device-inventory-changed":
      return "reported a new inventory";
    case "device-running-changed":
      return body.from === null ? `runs ${body.to}` : `runs ${body.to} instead of ${body.from}`;
    case "device-identity-conflict":
      return `two machines use this device's key: ${body.detail}`;
    case "group-changed":
      return `group ${body.groupId} changed`;
    case "product-changed":
      return `product ${body.product} changed`;
    case "release-changed":
      return `release ${body.version} changed`;
    case "release-deleted":
      return `release ${body.version} was deleted`;
    case "deployment-created":
      return `deployment of ${body.version} created by ${body.by}`;
    case "deployment-state-changed":
      return `deployment is ${body.state}, by ${body.by}`;
    case "deployment-tripped":
      return `deployment stopped itself: ${tripText(body.trip)}`;
    case "stage-advanced":
      return `stage ${body.stage + 1} begins`;
    case "assignment-offered":
      return `was offered ${body.version}, attempt ${body.attempt}`;
    case "assignment-progressed":
      return body.progressPercent === null ? body.state : `${body.state} ${body.progressPercent} %`;
    case "assignment-closed":
      return `${body.outcome}${causeText(body.code, body.detail)}`;
    default:
      return unreachable(body);
  }
}

/** ` (health-check-failed: no network)`, or nothing. */
export function causeText(code: string | null, detail: string | null): string {
  const parts = [code, detail].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? "" : ` (${parts.join(": ")})`;
}
