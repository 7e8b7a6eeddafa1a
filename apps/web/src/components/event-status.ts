import type { FleetEventBody } from "@moult/model";
import {
  ASSIGNMENT_STATE,
  DEPLOYMENT_STATE,
  DEVICE_STATE,
  OUTCOME,
  type Status,
} from "../ui/status.ts";
import type { ShapeName } from "../ui/shape.tsx";
import type { Tone } from "../ui/tone.ts";

type Look = Pick<Status, "shape" | "tone">;

const look = (shape: ShapeName, tone: Tone): Look => ({ shape, tone });

/** The shape that stands before an event: of the state that it led to, where it led to one. */
export function eventLook(body: FleetEventBody): Look {
  switch (body.kind) {
    case "device-enrolled":
    case "device-state-changed":
      return DEVICE_STATE[body.state];
    case "device-identity-conflict":
    case "receipt-invalid":
    case "offer-not-signed":
    case "safeguard-created":
      return look("warning", "bad");
    case "trust-role-expiring":
      return look("warning", body.warning === "expired" ? "bad" : "wait");
    case "deployment-state-changed":
      return DEPLOYMENT_STATE[body.state];
    case "deployment-created":
      return DEPLOYMENT_STATE.running;
    case "deployment-tripped":
      return DEPLOYMENT_STATE.tripped;
    case "assignment-offered":
      return ASSIGNMENT_STATE.offered;
    case "assignment-progressed":
      return body.deferral === undefined ? ASSIGNMENT_STATE[body.state] : look("clock", "wait");
    case "assignment-closed":
      return OUTCOME[body.outcome];
    case "device-running-changed":
      return look("ring-arrow", "move");
    case "bulk-change-progressed":
      return body.state === "running" ? look("ring-arrow", "move") : look("circle", "wait");
    case "device-held":
      return look("circle-bar", "wait");
    case "device-released":
    case "device-configured":
    case "device-inventory-changed":
    case "group-changed":
    case "product-changed":
    case "release-changed":
    case "release-rules-changed":
    case "safeguard-lifted":
    case "release-deleted":
    case "stage-advanced":
    case "installation-opened":
    case "stage-approved":
    case "deployment-rolled-back":
    case "approval-withdrawn":
    case "assignment-retried":
    case "device-forced":
    case "person-invited":
    case "invitation-revoked":
    case "person-joined":
    case "person-role-changed":
    case "person-removed":
    case "trust-initialised":
    case "trust-proposal-changed":
    case "upload-changed":
      return look("circle", "wait");
  }
}
