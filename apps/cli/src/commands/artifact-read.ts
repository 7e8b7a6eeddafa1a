import { inspectArtifact } from "@moult/artifact";
import { command } from "../command-line/command.ts";
import { fileBytes } from "../files/file-bytes.ts";
import { artifactJson, artifactText } from "../show/artifact-text.ts";
import { printJson } from "../show/print-json.ts";

export const artifactRead = command({
  positionals: ["FILE"],
  details:
    "Verifies its digests while it reads; `moult artifact verify --key` checks who signed it.",
  options: {},
  example: "moult artifact read gw2-1.4.0.mender --json",
  run: async (context, { positionals: [file = ""] }) => {
    const options = { augmented: "read" } as const;
    const summary = await inspectArtifact(fileBytes(file, context.signal), options);
    if (context.isJson) printJson(context.terminal, artifactJson(summary));
    else context.terminal.out(artifactText(summary));
  },
});
