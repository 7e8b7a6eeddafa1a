import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact } from "@moult/model";
import { downloadFile } from "../actions/download-file.ts";
import { CliError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { refuseExisting } from "../files/write-file.ts";
import { lookupRelease, type Release } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { sizeText } from "../terminal/size-text.ts";

export const releaseDownload = command({
  positionals: ["RELEASE"],
  details:
    "The digest is checked before the file gets its name. A download that was stopped goes on where it stopped.",
  options: {
    "hardware-type": {
      type: "string",
      value: "TYPE",
      help: "Which artifact, where there are several",
    },
    artifact: { type: "string", value: "ID", help: "Which artifact, by its id" },
    out: { type: "string", value: "FILE|DIR", help: "PRODUCT-VERSION.mender unless told" },
    force: { type: "boolean", help: "Replace the file if it is there" },
  },
  example: "moult release download gw2/1.4.0 --out gw2.mender",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const release = await lookupRelease(client, name, signal);
    const artifact = chosenArtifact(release, options["hardware-type"], options.artifact);
    const out = await outputPath(release, artifact, options.out);
    await refuseExisting(out, options.force);
    await downloadFile(context, client, artifact, out, options.force);
    if (context.isJson) printJson(terminal, { file: out, artifact });
    else
      terminal.out(
        plainText(`Wrote ${out}, ${sizeText(artifact.sizeBytes)}, sha256 ${artifact.sha256}.`),
      );
  },
});

function chosenArtifact(
  { artifacts, version }: Release,
  hardwareType: string | undefined,
  id: string | undefined,
): Artifact {
  const fitting = artifacts.filter(
    (artifact) =>
      (id === undefined || artifact.id === id) &&
      (hardwareType === undefined || artifact.hardwareTypes.some((type) => type === hardwareType)),
  );
  const [first, second] = fitting;
  const choices = (second === undefined ? artifacts : fitting).map(
    (artifact) => `${artifact.id} (${artifact.hardwareTypes.join(", ")})`,
  );
  if (first === undefined)
    throw new CliError("not-found", `Release ${version} has no such artifact.`, {
      hint: choices.length === 0 ? "It has none." : `It has ${choices.join("; ")}.`,
    });
  if (second !== undefined)
    throw new CliError("ambiguous", `Release ${version} has several artifacts.`, {
      hint: `Choose by --hardware-type or --artifact: ${choices.join("; ")}.`,
    });
  return first;
}

async function outputPath(
  { product, version, artifacts }: Release,
  { hardwareTypes }: Artifact,
  out: string | undefined,
): Promise<string> {
  const hardware = artifacts.length === 1 ? "" : `-${hardwareTypes[0] ?? ""}`;
  const name = `${product}-${version}${hardware}.mender`;
  if (out === undefined) return name;
  return (await isFolder(out)) ? join(out, name) : out;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw cause;
  }
}
