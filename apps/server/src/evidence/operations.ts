import type { Clock } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import { exportEvidence } from "./export-evidence.ts";
import { deviceNamed, receiptPage } from "./queries.ts";

/** What proves what happened, for whoever does not want to take the server's word. */
export function createEvidenceHandlers({
  clock,
}: {
  readonly clock: Clock;
}): Handlers<"listDeviceReceipts" | "exportDeviceEvidence"> {
  return {
    listDeviceReceipts: async ({ db }, { params: { deviceId }, query: { cursor, limit } }) => {
      if ((await deviceNamed(db, deviceId)) === undefined)
        throw new ApiError("not-found", "There is no device with this id.");
      return receiptPage(db, deviceId, decodeCursor(cursor), limit);
    },

    exportDeviceEvidence: ({ db }, { params: { deviceId } }) =>
      exportEvidence(db, deviceId, clock.now()),
  };
}
