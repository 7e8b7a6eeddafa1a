import { sizeWords, type DeploymentPreview, type DeploymentProgress } from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import { factsText } from "../terminal/table-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { causeText } from "./event-text.ts";

/** What a deployment would do. */
export function previewText(preview: DeploymentPreview, terminal: Terminal): string {
  const { targeted, gets, alreadyRunning, cannot, takesOverFrom, yieldsTo, stages, trust } =
    preview;
  const lines = (values: readonly string[]): string | undefined =>
    values.length === 0 ? undefined : values.join("\n");
  return [
    factsText([
      ["Target", `${targeted} devices`],
      ["Get it", String(gets)],
      ["Run it already", alreadyRunning === 0 ? undefined : String(alreadyRunning)],
      ["Cannot", lines(cannot.map(({ sentence, samples }) => sentence + samplesText(samples)))],
      [
        "Takes over from",
        lines(takesOverFrom.map(({ name, count }) => `${name}: ${count} devices`)),
      ],
      [
        "Go first with",
        lines(yieldsTo.map(({ name, count }) => `${name}, by its priority: ${count} devices`)),
      ],
      [
        "Stages",
        lines(
          stages.map(
            ({ size, deviceCount }, index) =>
              `${index + 1}: to ${plainText(sizeWords(size))}, adds ${deviceCount} devices`,
          ),
        ),
      ],
      ["Trust", lines(Object.entries(trust).map(([level, count]) => `${level}: ${count}`))],
    ]),
    ...preview.findings.map(({ severity, sentence }) =>
      terminal.style(severity === "error" ? "red" : "yellow", plainText(sentence)),
    ),
    ...(preview.confirm === null ? [] : [terminal.style("bold", plainText(preview.confirm))]),
  ].join("\n\n");
}

const samplesText = (samples: readonly { readonly name: string }[]): string =>
  samples.length === 0 ? "" : ` (${samples.map(({ name }) => name).join(", ")})`;

/** Who failed alike, and what the others wait for. */
export function progressText({ failures, waiting }: DeploymentProgress): string {
  const failing = failures.map(
    ({ outcome, code, detail, count, samples }) =>
      `${count} ${outcome}${causeText(code, detail)}${samplesText(samples)}`,
  );
  return factsText([
    ["Failing", failing.length === 0 ? undefined : failing.join("\n")],
    ["Waiting", waiting.length === 0 ? undefined : waiting.map((one) => one.sentence).join("\n")],
  ]);
}
