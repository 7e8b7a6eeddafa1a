/** What a state asks of its reader. Never carried by colour alone: each state has a word and a shape too. */
export type Tone = "good" | "move" | "wait" | "warn" | "bad" | "quiet";

/** Whole class names, so that the style sheet's builder finds them. */
export const TONE_TEXT: Readonly<Record<Tone, string>> = {
  good: "text-good",
  move: "text-move",
  wait: "text-wait",
  warn: "text-warn",
  bad: "text-bad",
  quiet: "text-quiet",
};

export const TONE_TINT: Readonly<Record<Tone, string>> = {
  good: "bg-good-tint",
  move: "bg-move-tint",
  wait: "bg-wait-tint",
  warn: "bg-warn-tint",
  bad: "bg-bad-tint",
  quiet: "bg-quiet-tint",
};

export const TONE_FILL: Readonly<Record<Tone, string>> = {
  good: "bg-good-fill",
  move: "bg-move-fill",
  wait: "bg-wait-fill",
  warn: "bg-warn-fill",
  bad: "bg-bad-fill hatch-bad",
  quiet: "bg-quiet-fill hatch-quiet",
};
