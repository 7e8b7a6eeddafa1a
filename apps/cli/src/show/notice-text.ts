import type { ChangeNotice } from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";

/** How many of what changed, then a line for each deployment that did. */
export function noticeText(notice: ChangeNotice): string {
  const counts = [
    [notice.deviceIds.length, "devices"],
    [notice.deploymentIds.length, "deployments"],
    [notice.releaseIds.length, "releases"],
    [notice.groupIds.length, "groups"],
    [notice.products.length, "products"],
    [notice.bulkChangeIds.length, "bulk changes"],
    [notice.uploadIds.length, "uploads"],
  ] as const;
  const changed = counts.flatMap(([count, what]) => {
    if (count === 0) return [];
    return [`${notice.hasMoreDevices && what === "devices" ? "over " : ""}${count} ${what}`];
  });
  const words = notice.isReset ? ["anything may have changed"] : changed;
  return [
    `${timeText(notice.at)}  ${words.join(", ")}`,
    ...notice.deployments.map(({ name, headline }) => plainText(`  ${name}: ${headline}`)),
  ].join("\n");
}
