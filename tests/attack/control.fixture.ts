import type { Edit } from "../../tools/build/faulty-agent.ts";

/** A rule taken out of the agent, and the attack that must then work. */
export interface Control {
  /** The rule as rows name it, with what of it is taken out where it has parts. */
  readonly rule: string;
  readonly attack: string;
  readonly edits: readonly Edit[];
  /**
   * What comes of the attack without the rule. `works`: the software is installed, the freeze unnoticed, the device locked
   * out. `unrefused`: it keeps the device busy, and nothing refuses it. Any other: the rule that stands behind it, by which
   * it is then refused.
   */
  readonly expects: "works" | "unrefused" | { readonly heldBy: string };
  /** It shows by waiting in vain for something, so it is left out of the run that is part of every test run. */
  readonly isSlow: boolean;
}

export type Shortened = readonly [file: string, find: string, replace: string];

export const TUF = "packages/trust/src/tuf/";
export const AGENT = "apps/agent/src/";

export const control = (
  rule: string,
  attack: string,
  edits: readonly Shortened[],
  expects: Control["expects"] = "works",
  isSlow = expects === "unrefused",
): Control => ({
  rule,
  attack,
  isSlow,
  edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
  expects,
});

/** `if (condition) return "rule"` becomes `if (false) return "rule"`. */
export const never = (file: string, condition: string, then: string): Shortened => [
  file,
  `if (${condition}) ${then}`,
  `if (false as boolean) ${then}`,
];
