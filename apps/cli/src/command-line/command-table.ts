import { entry, type CommandEntry } from "./command-entry.ts";
import { CONTROLLER_COMMANDS } from "./controller-commands.ts";
import { DEVICE_COMMANDS } from "./device-commands.ts";
import { IMPORT_COMMANDS } from "./import-commands.ts";
import { PEOPLE_COMMANDS } from "./people-commands.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  entry("login", "Sign in to a server", async () => (await import("../commands/login.ts")).login),
  entry(
    "logout",
    "Sign out and delete the stored API key",
    async () => (await import("../commands/logout.ts")).logout,
  ),
  entry(
    "whoami",
    "Show who you are signed in as",
    async () => (await import("../commands/whoami.ts")).whoami,
  ),
  entry(
    "setup",
    "Create the first administrator of a new server",
    async () => (await import("../commands/setup.ts")).setup,
  ),
  entry(
    "overview",
    "Show what needs you, what is moving, and what the fleet runs",
    async () => (await import("../commands/overview.ts")).overview,
  ),
  entry(
    "api-key create",
    "Make an API key, for CI for example",
    async () => (await import("../commands/api-key-create.ts")).apiKeyCreate,
  ),
  entry(
    "api-key list",
    "List your API keys",
    async () => (await import("../commands/api-key-list.ts")).apiKeyList,
  ),
  entry(
    "api-key delete",
    "Delete one of your API keys, at once",
    async () => (await import("../commands/api-key-delete.ts")).apiKeyDelete,
  ),
  ...PEOPLE_COMMANDS,
  entry(
    "product create",
    "Create a product",
    async () => (await import("../commands/product-create.ts")).productCreate,
  ),
  entry(
    "product list",
    "List products",
    async () => (await import("../commands/product-list.ts")).productList,
  ),
  entry(
    "product show",
    "Show a product",
    async () => (await import("../commands/product-show.ts")).productShow,
  ),
  entry(
    "product change",
    "Change a product's title, keys or signature rule",
    async () => (await import("../commands/product-change.ts")).productChange,
  ),
  entry(
    "artifact create",
    "Make an update file",
    async () => (await import("../commands/artifact-create.ts")).artifactCreate,
  ),
  entry(
    "artifact read",
    "Show what is in an update file",
    async () => (await import("../commands/artifact-read.ts")).artifactRead,
  ),
  entry(
    "artifact verify",
    "Check that an update file is whole, and who signed it",
    async () => (await import("../commands/artifact-verify.ts")).artifactVerify,
  ),
  entry(
    "artifact sign",
    "Sign an update file",
    async () => (await import("../commands/artifact-sign.ts")).artifactSign,
  ),
  entry(
    "artifact keygen",
    "Make a key pair for signing update files",
    async () => (await import("../commands/artifact-keygen.ts")).artifactKeygen,
  ),
  entry(
    "artifact delete",
    "Delete one artifact of a release from the server",
    async () => (await import("../commands/artifact-delete.ts")).artifactDelete,
  ),
  entry(
    "release upload",
    "Upload update files",
    async () => (await import("../commands/release-upload.ts")).releaseUpload,
  ),
  entry(
    "upload list",
    "List your uploads that are not finished, or ended lately",
    async () => (await import("../commands/upload-list.ts")).uploadList,
  ),
  entry(
    "upload show",
    "Show what became of an upload",
    async () => (await import("../commands/upload-show.ts")).uploadShow,
  ),
  entry(
    "upload cancel",
    "End an upload that is not finished",
    async () => (await import("../commands/upload-cancel.ts")).uploadCancel,
  ),
  entry(
    "release list",
    "List releases",
    async () => (await import("../commands/release-list.ts")).releaseList,
  ),
  entry(
    "release show",
    "Show a release and its artifacts",
    async () => (await import("../commands/release-show.ts")).releaseShow,
  ),
  entry(
    "release change",
    "Change a release's notes",
    async () => (await import("../commands/release-change.ts")).releaseChange,
  ),
  entry(
    "release rules",
    "Change what a release asks of devices",
    async () => (await import("../commands/release-rules.ts")).releaseRules,
  ),
  entry(
    "safeguard create",
    "Keep a release from some devices, in every deployment",
    async () => (await import("../commands/safeguard-create.ts")).safeguardCreate,
  ),
  entry(
    "safeguard list",
    "List what keeps a release from devices",
    async () => (await import("../commands/safeguard-list.ts")).safeguardList,
  ),
  entry(
    "safeguard lift",
    "Lift a safeguard",
    async () => (await import("../commands/safeguard-lift.ts")).safeguardLift,
  ),
  entry(
    "release download",
    "Download an update file",
    async () => (await import("../commands/release-download.ts")).releaseDownload,
  ),
  entry(
    "release delete",
    "Delete a release",
    async () => (await import("../commands/release-delete.ts")).releaseDelete,
  ),
  entry(
    "trust init",
    "Make the root of trust of a new server, and its keys",
    async () => (await import("../commands/trust-init.ts")).trustInit,
  ),
  entry(
    "trust join",
    "Take over a server's root of trust, by its digest",
    async () => (await import("../commands/trust-join.ts")).trustJoin,
  ),
  entry(
    "trust status",
    "Show who may sign what, until when, and what waits for signatures",
    async () => (await import("../commands/trust-status.ts")).trustStatus,
  ),
  entry(
    "trust key create",
    "Make a key that signs releases or roles",
    async () => (await import("../commands/trust-key-create.ts")).trustKeyCreate,
  ),
  entry(
    "trust key add",
    "Give a key on a token, of a program or of a colleague a name",
    async () => (await import("../commands/trust-key-add.ts")).trustKeyAdd,
  ),
  entry(
    "trust key list",
    "List the keys that have a name on this machine",
    async () => (await import("../commands/trust-key-list.ts")).trustKeyList,
  ),
  entry(
    "trust role create",
    "Decide who may sign the releases of a channel",
    async () => (await import("../commands/trust-role-create.ts")).trustRoleCreate,
  ),
  entry(
    "trust propose",
    "Propose releases to be signed, or roles to be renewed",
    async () => (await import("../commands/trust-propose.ts")).trustPropose,
  ),
  entry(
    "trust diff",
    "Show what a proposal would change",
    async () => (await import("../commands/trust-diff.ts")).trustDiff,
  ),
  entry(
    "trust sign",
    "Sign a proposal, after it was shown",
    async () => (await import("../commands/trust-sign.ts")).trustSign,
  ),
  entry(
    "trust publish",
    "Publish a proposal that has all its signatures",
    async () => (await import("../commands/trust-publish.ts")).trustPublish,
  ),
  entry(
    "trust withdraw",
    "Take a proposal back",
    async () => (await import("../commands/trust-withdraw.ts")).trustWithdraw,
  ),
  entry(
    "trust rotate",
    "Change the keys of a role",
    async () => (await import("../commands/trust-rotate.ts")).trustRotate,
  ),
  entry(
    "trust revoke",
    "Take a key or a release out of what devices trust",
    async () => (await import("../commands/trust-revoke.ts")).trustRevoke,
  ),
  ...DEVICE_COMMANDS,
  entry(
    "preauthorisation list",
    "List preauthorised devices",
    async () => (await import("../commands/preauthorisation-list.ts")).preauthorisationList,
  ),
  entry(
    "preauthorisation delete",
    "Withdraw a preauthorisation",
    async () => (await import("../commands/preauthorisation-delete.ts")).preauthorisationDelete,
  ),
  entry(
    "enrolment-token create",
    "Make a secret with which devices may ask to join",
    async () => (await import("../commands/enrolment-token-create.ts")).enrolmentTokenCreate,
  ),
  entry(
    "enrolment-token list",
    "List enrolment tokens",
    async () => (await import("../commands/enrolment-token-list.ts")).enrolmentTokenList,
  ),
  entry(
    "enrolment-token delete",
    "Revoke an enrolment token",
    async () => (await import("../commands/enrolment-token-delete.ts")).enrolmentTokenDelete,
  ),
  ...CONTROLLER_COMMANDS,
  ...IMPORT_COMMANDS,
  entry(
    "group create",
    "Create a group of devices",
    async () => (await import("../commands/group-create.ts")).groupCreate,
  ),
  entry(
    "group list",
    "List groups",
    async () => (await import("../commands/group-list.ts")).groupList,
  ),
  entry(
    "group show",
    "Show a group",
    async () => (await import("../commands/group-show.ts")).groupShow,
  ),
  entry(
    "group change",
    "Change a group's name or query",
    async () => (await import("../commands/group-change.ts")).groupChange,
  ),
  entry(
    "group add",
    "Put devices into a group",
    async () => (await import("../commands/group-add.ts")).groupAdd,
  ),
  entry(
    "group remove",
    "Take devices out of a group",
    async () => (await import("../commands/group-remove.ts")).groupRemove,
  ),
  entry(
    "group delete",
    "Delete a group",
    async () => (await import("../commands/group-delete.ts")).groupDelete,
  ),
  entry(
    "bulk-change list",
    "List actions on many devices",
    async () => (await import("../commands/bulk-change-list.ts")).bulkChangeList,
  ),
  entry(
    "bulk-change show",
    "Show how far an action on many devices is",
    async () => (await import("../commands/bulk-change-show.ts")).bulkChangeShow,
  ),
  entry(
    "deployment create",
    "Bring a release to devices",
    async () => (await import("../commands/deployment-create.ts")).deploymentCreate,
  ),
  entry(
    "deployment preview",
    "Show what a deployment would do, without creating it",
    async () => (await import("../commands/deployment-preview.ts")).deploymentPreview,
  ),
  entry(
    "deployment list",
    "List deployments",
    async () => (await import("../commands/deployment-list.ts")).deploymentList,
  ),
  entry(
    "deployment show",
    "Show a deployment and how far it is",
    async () => (await import("../commands/deployment-show.ts")).deploymentShow,
  ),
  entry(
    "deployment devices",
    "List the devices of a deployment",
    async () => (await import("../commands/deployment-devices.ts")).deploymentDevices,
  ),
  entry(
    "deployment watch",
    "Watch a deployment until it ends",
    async () => (await import("../commands/deployment-watch.ts")).deploymentWatch,
  ),
  entry(
    "deployment pause",
    "Give a deployment's release to no further device",
    async () => (await import("../commands/deployment-pause.ts")).deploymentPause,
  ),
  entry(
    "deployment resume",
    "Go on with a deployment",
    async () => (await import("../commands/deployment-resume.ts")).deploymentResume,
  ),
  entry(
    "deployment advance",
    "Open a deployment's next stage",
    async () => (await import("../commands/deployment-advance.ts")).deploymentAdvance,
  ),
  entry(
    "deployment open-installation",
    "Let devices install what they have downloaded",
    async () =>
      (await import("../commands/deployment-open-installation.ts")).deploymentOpenInstallation,
  ),
  entry(
    "deployment approve",
    "Approve a stage of a deployment",
    async () => (await import("../commands/deployment-approve.ts")).deploymentApprove,
  ),
  entry(
    "deployment abort",
    "Stop a deployment for good",
    async () => (await import("../commands/deployment-abort.ts")).deploymentAbort,
  ),
  entry(
    "deployment roll-back",
    "Take back what a deployment brought",
    async () => (await import("../commands/deployment-roll-back.ts")).deploymentRollBack,
  ),
  entry(
    "deployment force",
    "Send a device of a deployment ahead",
    async () => (await import("../commands/deployment-force.ts")).deploymentForce,
  ),
  entry(
    "deployment retry",
    "Give a device of a deployment its tries anew",
    async () => (await import("../commands/deployment-retry.ts")).deploymentRetry,
  ),
  entry(
    "deployment cancel",
    "Take a device's update in a deployment back",
    async () => (await import("../commands/deployment-cancel.ts")).deploymentCancel,
  ),
  entry(
    "deployment verify-chain",
    "Check that a deployment's history is as it was written",
    async () => (await import("../commands/deployment-verify-chain.ts")).deploymentVerifyChain,
  ),
  entry(
    "deployment replay",
    "Decide a deployment's offers, stages and trips again",
    async () => (await import("../commands/deployment-replay.ts")).deploymentReplay,
  ),
  entry(
    "deployment logs",
    "Show the logs of attempts that did not succeed",
    async () => (await import("../commands/deployment-logs.ts")).deploymentLogs,
  ),
  entry(
    "event list",
    "Show what happened",
    async () => (await import("../commands/event-list.ts")).eventList,
  ),
  entry(
    "event watch",
    "Watch everything that happens",
    async () => (await import("../commands/event-watch.ts")).eventWatch,
  ),
  entry(
    "system show",
    "Show the server's version, address and downloads",
    async () => (await import("../commands/system-show.ts")).systemShow,
  ),
];
