import {
  advanceWords,
  approvalsWords,
  errorStopWords,
  sizeWords,
  type Deployment,
  type Tally,
  type Trip,
} from "@moult/model";
import { barText } from "../terminal/bar-text.ts";
import { padText, plainText } from "../terminal/plain-text.ts";
import type { Column } from "../terminal/table-text.ts";
import type { Terminal, TextStyle } from "../terminal/terminal.ts";
import { timeText } from "../terminal/time-text.ts";

/** The words for each count of a tally, in the order in which they are shown. */
const TALLY_WORDS = {
  succeeded: ["succeeded", "green"],
  alreadyRunning: ["ran it already", "green"],
  open: ["in the update", "cyan"],
  failed: ["failed", "red"],
  rolledBack: ["rolled back", "red"],
  rejected: ["rejected it", "yellow"],
  timedOut: ["timed out", "red"],
  silent: ["silent", "red"],
  aborted: ["aborted", "yellow"],
} as const satisfies Partial<Record<keyof Tally, readonly [words: string, style: TextStyle]>>;
const COUNTS = Object.keys(TALLY_WORDS) as (keyof typeof TALLY_WORDS)[];
const BAR_COLUMNS = 30;

const STATE_STYLES: Readonly<Record<Deployment["state"], TextStyle>> = {
  running: "cyan",
  paused: "yellow",
  tripped: "red",
  finished: "green",
  aborted: "yellow",
};

const stateStyle = ({ state }: Deployment): TextStyle => STATE_STYLES[state];

export const DEPLOYMENT_COLUMNS: readonly Column<Deployment>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "RELEASE", text: ({ product, version }) => `${product} ${version}` },
  { title: "STATE", text: ({ state }) => state, style: stateStyle },
  { title: "STAGE", text: stageText },
  { title: "SUCCEEDED", text: succeededText },
  { title: "IN UPDATE", text: ({ tally }) => String(tally.open), isNumber: true },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
];

/** `2 of 3`. */
export function stageText({ stage, plan }: Deployment): string {
  return `${stage + 1} of ${plan.stages.length}`;
}

function succeededText({ tally }: Deployment): string {
  return `${tally.succeeded + tally.alreadyRunning} of ${tally.eligible}`;
}

/** One line: where it stands. */
export function headline(deployment: Deployment, terminal: Terminal): string {
  const { name, product, version, state } = deployment;
  const what = plainText(`${name}: ${product} ${version}`);
  return `${terminal.style("bold", what)}  ${terminal.style(stateStyle(deployment), state)}, stage ${stageText(deployment)}`;
}

/** `4 of 20 succeeded, 2 in the update, 1 failed`: what is zero is left out, except the first. */
export function tallyText(tally: Tally): string {
  const { succeeded, ...others } = tally;
  const first = `${succeeded} of ${tally.eligible} succeeded`;
  return [first, ...countTexts({ ...others, succeeded: 0 })].join(", ");
}

type Outcomes = Readonly<Record<keyof typeof TALLY_WORDS, number>>;

/** `4 succeeded, 1 failed`: what is zero is left out. */
export const outcomesText = (outcomes: Outcomes): string => countTexts(outcomes).join(", ");

const countTexts = (counts: Outcomes): readonly string[] =>
  COUNTS.filter((count) => counts[count] > 0).map(
    (count) => `${counts[count]} ${TALLY_WORDS[count][0]}`,
  );

/** A bar for each count that is not zero. */
export function tallyBars({ tally }: Deployment, terminal: Terminal): readonly string[] {
  const whole = Math.max(1, tally.eligible, tally.admitted);
  return COUNTS.filter((count) => count === "succeeded" || tally[count] > 0).map((count) => {
    const [words, style] = TALLY_WORDS[count];
    const bar = terminal.style(style, barText(tally[count] / whole, BAR_COLUMNS));
    return `  ${padText(words, 15)} ${bar} ${tally[count]} of ${whole}`;
  });
}

/** The plan's stages, and which of them is open. */
export function stageLines({ stage: open, plan, state }: Deployment): readonly string[] {
  return plan.stages.map(({ name, size, approvals, advance, errorStop }, index) => {
    const stop = errorStop === undefined ? "no error stop" : `stops ${errorStopWords(errorStop)}`;
    const approved =
      approvals === undefined ? [] : [`once approved by ${approvalsWords(approvals)}`];
    const next = index === plan.stages.length - 1 ? [] : [`next ${advanceWords(advance)}`];
    const place = index < open || state === "finished" ? "done" : index === open ? "open" : "waits";
    return `${index + 1}${name === undefined ? "" : ` (${plainText(name)})`}: to ${plainText(sizeWords(size))}; ${[...approved, ...next, stop].join("; ")}: ${place}`;
  });
}

/** Why it stopped itself, with the numbers that the server counted. */
export function tripText({ kind, stage, failed, finished, limit, at }: Trip): string {
  const bound = kind === "failure-count" ? `${limit} failures` : `${limit} % failures`;
  return `${failed} of ${finished} finished devices failed in stage ${stage + 1}; it stops at ${bound} (${timeText(at)})`;
}
