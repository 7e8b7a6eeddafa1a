import type { Deployment, FleetEvent } from "@moult/model";
import type { CommandContext } from "../command-line/command.ts";
import { headline, stageText, tallyBars, tallyText, tripText } from "../show/deployment-text.ts";
import { eventLine } from "../show/event-text.ts";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";

/** What somebody sees who watches a deployment. */
export interface WatchView {
  event(event: FleetEvent): void;
  deployment(deployment: Deployment): void;
  /** Something about the watching itself. */
  note(text: string): void;
  /** The last word. */
  end(deployment: Deployment): void;
  close(): void;
}

/** JSON lines for programs, bars in a terminal, a line per step elsewhere. */
export function createWatchView(context: CommandContext): WatchView {
  if (context.isJson) return jsonView(context);
  return context.terminal.hasStatus ? barView(context) : lineView(context);
}

/** Each line is `{"kind":"event","event":...}` or `{"kind":"deployment","deployment":...}`, both as in the API. */
function jsonView({ terminal }: CommandContext): WatchView {
  const line = (value: unknown): void => terminal.out(JSON.stringify(value));
  return {
    event: (event) => line({ kind: "event", event }),
    deployment: (deployment) => line({ kind: "deployment", deployment }),
    note: (text) => terminal.err(text),
    end: () => undefined,
    close: () => undefined,
  };
}

function barView({ terminal }: CommandContext): WatchView {
  return {
    event: (event) => {
      if (isStep(event)) terminal.err(terminal.style("dim", eventLine(event)));
    },
    deployment: (deployment) =>
      terminal.status([headline(deployment, terminal), ...tallyBars(deployment, terminal)]),
    note: (text) => terminal.err(terminal.style("dim", text)),
    end: (deployment) => {
      terminal.status(undefined);
      terminal.out([headline(deployment, terminal), ...tallyBars(deployment, terminal)].join("\n"));
      terminal.out(`  ${plainText(deployment.headline)}`);
      if (deployment.trip !== null) terminal.out(`  ${tripText(deployment.trip)}`);
    },
    close: () => terminal.status(undefined),
  };
}

function lineView({ terminal }: CommandContext): WatchView {
  let before = "";
  return {
    event: (event) => {
      if (isStep(event)) terminal.out(eventLine(event));
    },
    deployment: (deployment) => {
      const text = `${deployment.state}, stage ${stageText(deployment)}: ${tallyText(deployment.tally)}`;
      if (text !== before) terminal.out(`${timeText(new Date().toISOString())}  ${text}`);
      before = text;
    },
    note: (text) => terminal.err(text),
    end: ({ trip, headline: sentence }) => {
      terminal.out(plainText(sentence));
      if (trip !== null) terminal.out(tripText(trip));
    },
    close: () => undefined,
  };
}

const STEPS: ReadonlySet<FleetEvent["body"]["kind"]> = new Set([
  "deployment-state-changed",
  "deployment-tripped",
  "stage-advanced",
]);

/** Steps of the deployment, and devices that did not make it; a fleet's every percent would hide them. */
function isStep({ body }: FleetEvent): boolean {
  if (body.kind === "assignment-closed")
    return body.outcome !== "succeeded" && body.outcome !== "already-running";
  return STEPS.has(body.kind);
}
