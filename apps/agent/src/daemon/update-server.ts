import { unreachable } from "@moult/base";
import type { AssignmentEvent } from "@moult/device-protocol";
import type { Running } from "@moult/model";
import type { UpdateReport } from "@moult/updater";
import type { Downloads } from "../downloads/create-downloads.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import type { QueuedReport, UpdateServer } from "../update-runner/update-runner.ts";
import type { ServerContact } from "./server-contact.ts";

/** The protocol's bound on what a person is told about a failure. */
const DETAIL_CHARACTERS_MAX = 2_000;

/** The server as an update under way sees it. */
export function createUpdateServer(
  downloads: Pick<Downloads, "fetch">,
  contact: Pick<ServerContact, "reach">,
  queue: Pick<ReportQueue, "add">,
  receiptOf: (report: QueuedReport) => string | undefined,
): UpdateServer {
  return {
    download: (update, file, signal, onProgress) =>
      downloads.fetch(update, file, signal, onProgress),
    reachServer: (signal) => contact.reach(signal),
    report: (queued) => {
      const { update, report, running, logFile } = queued;
      const hasFailed = report.kind === "finished" && report.outcome !== "succeeded";
      const event = eventOf(report, running, receiptOf(queued));
      return queue.add(update, event, hasFailed ? logFile : undefined);
    },
  };
}

function eventOf(
  report: UpdateReport,
  running: Running,
  receipt: string | undefined,
): AssignmentEvent {
  switch (report.kind) {
    case "downloading":
    case "installing":
    case "activating":
    case "proving":
      return report;
    case "deferred":
      return { ...report, holds: [...report.holds] };
    case "rolling-back":
      return { ...report, detail: cut(report.detail) };
    case "finished": {
      const { detail, ...rest } = report;
      return {
        ...rest,
        ...(detail === undefined ? {} : { detail: cut(detail) }),
        running,
        ...(receipt === undefined ? {} : { receipt }),
      };
    }
    default:
      return unreachable(report);
  }
}

/** By whole characters: half a surrogate pair is no text. */
function cut(text: string): string {
  if (text.length <= DETAIL_CHARACTERS_MAX) return text;
  return `${text.slice(0, DETAIL_CHARACTERS_MAX - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
