import type { UpdateState } from "./update-state.ts";

interface StateWords {
  /** What goes on in the state. */
  readonly doing: string;
  /** What Mender calls the state in update modules and state scripts, which run unchanged. */
  readonly menderState?: string;
  /** What Mender calls it in its saved state. */
  readonly menderSaved?: string;
}

/** The states of an update in words. */
export const STATE_WORDS: { readonly [Kind in UpdateState["kind"]]: StateWords } = {
  idle: { doing: "having nothing to do", menderState: "Idle" },
  "waiting-to-download": { doing: "asking whether something holds the download" },
  downloading: { doing: "fetching the artifact and judging it", menderState: "Download" },
  unpacking: {
    doing: "handing the payloads to their installers",
    menderState: "Download",
    menderSaved: "update-store",
  },
  "waiting-to-install": { doing: "asking whether something holds the installation" },
  installing: {
    doing: "installing the payloads",
    menderState: "ArtifactInstall",
    menderSaved: "update-install",
  },
  activating: { doing: "putting the new software to work", menderSaved: "update-install" },
  "waiting-to-reboot": { doing: "asking whether something holds the reboot" },
  rebooting: {
    doing: "rebooting into the new software",
    menderState: "ArtifactReboot",
    menderSaved: "reboot",
  },
  verifying: {
    doing: "verifying that the new software is what runs",
    menderState: "ArtifactVerifyReboot",
    menderSaved: "after-reboot",
  },
  proving: { doing: "having the new software on trial", menderSaved: "update-commit" },
  "awaiting-decision": {
    doing: "waiting for a person to commit or to roll back",
    menderSaved: "standalone-state",
  },
  committing: {
    doing: "making the new software permanent",
    menderState: "ArtifactCommit",
    menderSaved: "update-commit",
  },
  "leaving-commit": {
    doing: "running what comes after the commit",
    menderState: "ArtifactCommit_Leave",
    menderSaved: "update-after-commit",
  },
  "rolling-back": {
    doing: "taking the payloads back",
    menderState: "ArtifactRollback",
    menderSaved: "rollback",
  },
  "rollback-rebooting": {
    doing: "rebooting into the old software",
    menderState: "ArtifactRollbackReboot",
    menderSaved: "rollback-reboot",
  },
  "verifying-rollback": {
    doing: "verifying that the old software is what runs",
    menderState: "ArtifactVerifyRollbackReboot",
    menderSaved: "after-rollback-reboot",
  },
  "asking-server": { doing: "asking the server from the old software" },
  failing: {
    doing: "telling installers and scripts that the update failed",
    menderState: "ArtifactFailure",
    menderSaved: "update-error",
  },
  "cleaning-up": {
    doing: "removing what the update left",
    menderState: "Cleanup",
    menderSaved: "cleanup",
  },
  reporting: { doing: "telling the server how it ended" },
};
