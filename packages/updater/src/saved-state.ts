import * as z from "zod";
import { STATE_VERSION, UpdateState } from "./update-state.ts";

/** A state as it is kept on the disk. `version` says which agents can read it. */
export const SavedState = z.object({ version: z.literal(STATE_VERSION), state: UpdateState });
export type SavedState = z.infer<typeof SavedState>;

export type SavedStateReading =
  | { readonly kind: "read"; readonly state: UpdateState }
  | { readonly kind: "unreadable"; readonly reason: string };

/** The form to keep; JSON. */
export function saveableState(state: UpdateState): SavedState {
  return { version: STATE_VERSION, state };
}

/** Reads what `saveableState` made, by this agent or an older one. Never throws: a device must start from anything. */
export function readSavedState(value: unknown): SavedStateReading {
  const parsed = SavedState.safeParse(value);
  if (parsed.success) return { kind: "read", state: parsed.data.state };
  return { kind: "unreadable", reason: z.prettifyError(parsed.error).slice(0, 2_000) };
}
