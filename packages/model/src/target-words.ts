import type { DeploymentTarget } from "./deployment.ts";

const counted = (count: number, what: string): string =>
  count === 1 ? `1 ${what}` : `${count} ${what}s`;

/** What narrows a target, one clause each: `as it was when the deployment was created`, `without 3 devices`. */
export function targetTermsWords({
  membership,
  exclude = {},
  holdBackPercent,
}: DeploymentTarget): readonly string[] {
  const { groupIds, deviceIds, query } = exclude;
  return [
    ...(membership === "frozen" ? ["as it was when the deployment was created"] : []),
    ...(groupIds === undefined ? [] : [`without ${counted(groupIds.length, "group")}`]),
    ...(deviceIds === undefined ? [] : [`without ${counted(deviceIds.length, "device")}`]),
    ...(query === undefined ? [] : [`without those of which it is true: ${query}`]),
    ...(holdBackPercent === undefined ? [] : [`with ${holdBackPercent} % held back`]),
  ];
}
