import * as z from "zod";

/** The steps that a device may put off: each changes what the device does, or costs somebody something. */
export const HoldPoint = z.enum(["download", "install", "reboot"]);
export type HoldPoint = z.infer<typeof HoldPoint>;

/** As many as a device tells of at once; more reasons would not hold it more. */
export const HOLDS_MAX = 8;

export const HOLD_DETAIL_CHARACTERS_MAX = 200;

/** Why a device does not go on now although it could. */
export const Hold = z.object({
  /** Kebab case. The updater has codes of its own, a device's context scripts may have others. */
  code: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  /** For people, one sentence. */
  detail: z.string().max(HOLD_DETAIL_CHARACTERS_MAX),
});
export type Hold = z.infer<typeof Hold>;

/** Whether two lists hold for the same reasons; how they are told does not matter. */
export function holdAlike(left: readonly Hold[], right: readonly Hold[]): boolean {
  const codes = (holds: readonly Hold[]): string =>
    holds
      .map(({ code }) => code)
      .toSorted()
      .join(" ");
  return codes(left) === codes(right);
}
