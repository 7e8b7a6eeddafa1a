import { ControllerId } from "@moult/model";

export interface ControllerNames {
  /** Each once, as they stood. */
  readonly names: readonly ControllerId[];
  /** The first that no device can have; undefined: all are well. */
  readonly wrong: string | undefined;
}

/** Names of devices as people paste them: one a line, or with spaces, commas or semicolons between. */
export function readControllerNames(text: string): ControllerNames {
  const words = [...new Set(text.split(/[\s,;]+/).filter((word) => word !== ""))];
  const names: ControllerId[] = [];
  for (const word of words) {
    const name = ControllerId.safeParse(word);
    if (!name.success) return { names, wrong: word };
    names.push(name.data);
  }
  return { names, wrong: undefined };
}
