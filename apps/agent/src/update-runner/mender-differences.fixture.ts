/** Where this agent does not do what Mender's tests expect of Mender, on purpose. */
export interface Difference {
  readonly why: string;
  readonly calls?: string;
  readonly ends?: "old" | "new" | "new_INCONSISTENT";
}

const GOOD_WAY =
  "ProvidePayloadFileSizes Download Download_Leave_00 ArtifactInstall_Enter_00 ArtifactInstall " +
  "ArtifactInstall_Leave_00 ArtifactReboot_Enter_00 ArtifactReboot ArtifactVerifyReboot";
const COMMIT =
  "ArtifactReboot_Leave_00 ArtifactCommit_Enter_00 ArtifactCommit ArtifactCommit_Leave_00 Cleanup";
const ROLLED_BACK =
  "ArtifactReboot_Error_00 ArtifactRollback_Enter_00 ArtifactRollback ArtifactRollback_Leave_00 " +
  "ArtifactRollbackReboot_Enter_00";
const REBOOTED_BACK = "ArtifactRollbackReboot ArtifactVerifyRollbackReboot";

/** A device that was verified to run the old software says so, though a script or the module's last word went wrong. */
const VERIFIED: Difference = {
  why: "what runs is the old software, verified; to name it inconsistent would keep it out of every further update that depends on its name",
  ends: "old",
};

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  Killed_in_Download_Enter_00_state__no_rollback: {
    why: "nothing was handed to the module yet, so the download goes on where it was; a loss of power is no reason to fail",
    calls: `Download_Enter_00 Download_Enter_00 ${GOOD_WAY} ${COMMIT}`,
    ends: "new",
  },
  Error_in_SupportsRollback: {
    why: "it is asked before anything is installed, as by Mender 3: a module that cannot say it is not let install",
    calls: "Download_Enter_00 ProvidePayloadFileSizes Download Download_Error_00 Cleanup",
    ends: "old",
  },
  Error_in_ArtifactFailure: VERIFIED,
  Error_in_ArtifactFailure_Enter_00: VERIFIED,
  Error_in_ArtifactFailure_Leave_00: VERIFIED,
  Error_in_ArtifactRollback_Enter_00: VERIFIED,
  Error_in_ArtifactRollback_Leave_00: VERIFIED,
  Error_in_ArtifactRollbackReboot_Enter_00: VERIFIED,
  Error_in_ArtifactRollbackReboot_Leave_00: {
    why: `an error that is ignored, as the documents have it, is ignored: no Error script runs; and ${VERIFIED.why}`,
    calls:
      `Download_Enter_00 ${GOOD_WAY} ${ROLLED_BACK} ${REBOOTED_BACK} ArtifactRollbackReboot_Leave_00 ` +
      "ArtifactFailure_Enter_00 ArtifactFailure ArtifactFailure_Leave_00 Cleanup",
    ends: "old",
  },
  Break_out_of_error_loop: {
    why: "both give up at 28 saved states, and this agent saves each try of a reboot and each verification; then it still lets the module clean up",
    calls: `Download_Enter_00 ${GOOD_WAY} ${ROLLED_BACK} ${`${REBOOTED_BACK} `.repeat(10)}ArtifactRollbackReboot Cleanup`,
  },
};
