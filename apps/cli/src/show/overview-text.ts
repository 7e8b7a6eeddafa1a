import type { DeviceContact, Overview } from "@moult/model";
import { barText } from "../terminal/bar-text.ts";
import { padText, plainText } from "../terminal/plain-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { eventLine } from "./event-text.ts";

const BAR_COLUMNS = 30;

/** Where the fleet stands: what needs somebody first. */
export function overviewText(overview: Overview, terminal: Terminal): string {
  const { headline, needs, moving, recent } = overview;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0
      ? []
      : [[terminal.style("bold", title), ...lines.map((line) => `  ${line}`)].join("\n")];
  return [
    plainText(headline),
    ...section(
      "Needs you",
      needs.length === 0 ? ["Nothing."] : needs.map(({ sentence }) => plainText(sentence)),
    ),
    ...section(
      "Moving",
      moving.map(({ name, headline }) => plainText(`${name}: ${headline}`)),
    ),
    ...section("Runs", runningLines(overview, terminal)),
    ...section("Heard from", contactLines(overview)),
    ...section("Lately", recent.map(eventLine)),
    ...section("First steps", stepLines(overview)),
  ].join("\n\n");
}

function runningLines(
  { byRunning, otherRunning, byState }: Overview,
  terminal: Terminal,
): readonly string[] {
  const whole = Math.max(1, byState.accepted ?? 0);
  const rows = [
    ...byRunning.map(({ product, artifactName, count, isMoving }) => ({
      name: `${product} ${artifactName === null ? "unknown" : plainText(artifactName)}`,
      count,
      isMoving,
    })),
    ...(otherRunning.versions === 0
      ? []
      : [
          {
            name: `${otherRunning.versions} other versions`,
            count: otherRunning.count,
            isMoving: false,
          },
        ]),
  ];
  const nameColumns = Math.max(0, ...rows.map(({ name }) => name.length));
  return rows.map(({ name, count, isMoving }) => {
    const bar = terminal.style(isMoving ? "cyan" : "green", barText(count / whole, BAR_COLUMNS));
    return `${padText(name, nameColumns)} ${bar} ${count}${isMoving ? "  on its way" : ""}`;
  });
}

const CONTACT_WORDS = {
  "on-time": "on time",
  late: "late",
  silent: "silent",
  "never-seen": "never seen",
} as const satisfies Record<DeviceContact, string>;

const CONTACTS = Object.keys(CONTACT_WORDS) as DeviceContact[];

function contactLines({ byContact }: Overview): readonly string[] {
  const counts = CONTACTS.flatMap((contact) => {
    const count = byContact[contact] ?? 0;
    return count === 0 ? [] : [`${count} ${CONTACT_WORDS[contact]}`];
  });
  return counts.length === 0 ? [] : [counts.join(", ")];
}

/** Shown until the first device was updated. */
function stepLines({ firstSteps }: Overview): readonly string[] {
  if (firstSteps.hasSuccess) return [];
  const steps = [
    [firstSteps.hasProduct, "create a product: moult product create"],
    [firstSteps.hasDevice, "bring in a device: moult device provision"],
    [firstSteps.hasRelease, "upload a release: moult release upload"],
    [firstSteps.hasDeployment, "deploy it: moult deployment create"],
    [firstSteps.hasSuccess, "see a device run it: moult deployment watch"],
  ] as const;
  return steps.map(([isDone, what]) => `${isDone ? "[x]" : "[ ]"} ${what}`);
}
