import type { Admission } from "./admission.ts";

/**
 * For a device that is not provisioned, in a factory: it knows nobody whose signature would mean anything. What it takes
 * from a person is decided by the command line alone.
 */
export const factoryAdmission: Admission = {
  admit: () => Promise.resolve(null),
  committed: () => Promise.resolve(),
};
