import * as z from "zod";

/**
 * Why an attempt did not succeed, one sentence each. Codes are compared by servers and operators' scripts: one that was
 * released keeps its meaning.
 */
export const FAILURE_MEANINGS = {
  "download-failed": "The artifact could not be fetched within the agent's retries.",
  "digest-mismatch": "The file that arrived is not the file that was instructed.",
  "artifact-invalid":
    "The file is not a well-formed artifact, or its parts do not match its manifest.",
  "artifact-incompatible":
    "The artifact is for other hardware, or needs software this device lacks.",
  "artifact-name-mismatch":
    "The artifact inside the file has another name than the instruction said.",
  "signature-missing": "This device demands signed artifacts and the artifact has no signature.",
  "signature-invalid": "None of this device's keys made the artifact's signature.",
  "payload-type-unsupported": "This device has no installer for the artifact's payload type.",
  "payload-refused":
    "The payload holds something its installer must not install, such as a path that leads out.",
  "disk-full": "The device had no space left; what ran before still runs.",
  "install-failed": "The installer could not install the payload.",
  "script-failed": "A state script of the artifact or of the device said no.",
  "script-timed-out": "A state script did not end in time, or asked to be retried for too long.",
  "activation-failed": "The new software was installed but could not be started.",
  "verification-failed": "After activation the device does not run what was activated.",
  "health-check-failed": "The new software ran but was not healthy in time.",
  "connection-lost":
    "The new software could not reach the server before the confirm deadline; the old software can.",
  "server-unreachable":
    "The new software could not reach the server before the confirm deadline, and neither can the old.",
  "commit-failed": "The installer could not make the new software permanent.",
  "commit-leave-failed":
    "The new software is permanent, but a script that runs after the commit failed.",
  "power-lost": "Power or the agent was lost at a point from which the update cannot go on.",
  "rollback-failed":
    "The way back failed as well; a report names the first failure and mentions this one.",
  "rolled-back-by-person": "Somebody at the device asked to roll back.",
  "declined-by-person": "Somebody at the device said no to the update.",
  "held-too-long": "The device had a reason to wait for longer than it may put an update off.",
  withdrawn: "The server took the offer back before the update was put to work.",
  "state-loop": "The update went in circles and was given up.",
  "agent-fault": "The agent met an error of its own that has no code.",
} as const;

type KnownFailureCode = keyof typeof FAILURE_MEANINGS;

/** The codes above as a schema. */
export const KnownFailureCode = z.enum(
  // Object.keys loses the key type; the object above is closed.
  Object.keys(FAILURE_MEANINGS) as [KnownFailureCode, ...KnownFailureCode[]],
);

/**
 * The name of the rule by which a device may not install what it was told to. Which rules there are is the business of
 * whoever judges; to the updater they are all one thing: nothing was installed and another try cannot help.
 */
export const RefusalCode = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/)
  .brand("RefusalCode");
export type RefusalCode = z.infer<typeof RefusalCode>;

/** All of them, for saved states and messages. */
export const FailureCode = z.union([KnownFailureCode, RefusalCode]);
export type FailureCode = z.infer<typeof FailureCode>;

/** Codes that say this device will not have the artifact: nothing was installed and another try cannot help. */
const REJECTIONS: ReadonlySet<FailureCode> = new Set<KnownFailureCode>([
  "digest-mismatch",
  "artifact-invalid",
  "artifact-incompatible",
  "artifact-name-mismatch",
  "signature-missing",
  "signature-invalid",
  "payload-type-unsupported",
  "declined-by-person",
]);

/** Whether a failure before the installation counts as a refusal of the artifact. */
export const isRejection = (code: FailureCode): boolean =>
  REJECTIONS.has(code) || !KnownFailureCode.safeParse(code).success;
