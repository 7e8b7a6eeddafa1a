import * as z from "zod";
import { secondsWords } from "./plan-words.ts";

/**
 * What a device may have against an update that it was offered. `optional`: its own reasons to put a step off hold it. `consent`: a
 * person at it has to say yes to the installation too. `force`: of its reasons only those hold that keep it from harm, see
 * `holdsOf`. `download-only`: it downloads and verifies it, and keeps it until a person opens the deployment's installation; from
 * then on as `optional`.
 */
export const DeploymentMode = z.enum(["optional", "consent", "force", "download-only"]);
export type DeploymentMode = z.infer<typeof DeploymentMode>;

/** The mode as a device is told it. */
export const UpdateMode = z.object({
  /** A person at the device has to say yes to the installation. */
  consent: z.boolean(),
  /** The update is forced from this instant on, by the device's clock. */
  forceFromMs: z.int().min(0).nullable(),
  /** It is downloaded and verified, and not installed before the device is told the mode without this. */
  downloadOnly: z.literal(true).optional(),
});
export type UpdateMode = z.infer<typeof UpdateMode>;

const MODE_WORDS: Readonly<Record<DeploymentMode, string>> = {
  optional: "devices may put it off",
  consent: "a person at the device has to say yes",
  force: "devices put it off only to keep from harm",
  "download-only": "devices download it and keep it until a person opens the installation",
};

/** What devices may have against it, in words. */
export function modeWords(
  mode: DeploymentMode | undefined,
  forceAfterSeconds: number | undefined,
): string {
  const words = MODE_WORDS[mode ?? "optional"];
  return forceAfterSeconds === undefined
    ? words
    : `${words}, for ${secondsWords(forceAfterSeconds)} after the offer; then it is forced`;
}
