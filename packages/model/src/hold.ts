import * as z from "zod";
import { Instant } from "./names.ts";

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

/** An update that its device puts off. */
export const Deferral = z.object({
  before: HoldPoint,
  holds: z.array(Hold).min(1).max(HOLDS_MAX),
  /** When the device first said so of this step. */
  since: Instant,
});
export type Deferral = z.infer<typeof Deferral>;
