import type { FailureCode } from "@moult/updater";
import type { DeviceEffect } from "./update-loop.ts";

/** The code of a failure that has none of its own, by the step that failed. */
export const STEP_FAILURE_CODES: Readonly<Record<DeviceEffect["kind"], FailureCode>> = {
  report: "agent-fault",
  "await-readiness": "agent-fault",
  download: "download-failed",
  unpack: "install-failed",
  install: "install-failed",
  activate: "activation-failed",
  reboot: "activation-failed",
  "verify-activation": "verification-failed",
  "check-health": "health-check-failed",
  "reach-server": "server-unreachable",
  commit: "commit-failed",
  "leave-commit": "commit-leave-failed",
  "roll-back": "rollback-failed",
  "reboot-rollback": "rollback-failed",
  "verify-rollback": "rollback-failed",
  "handle-failure": "agent-fault",
  "clean-up": "agent-fault",
};
