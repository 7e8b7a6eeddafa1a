import type { ModulePlay, PlayStep } from "./module-play.ts";

export interface StepResult {
  readonly step: PlayStep;
  readonly printed: string;
  readonly exitCode: number;
  readonly isGood: boolean;
}

export interface PlayResult {
  readonly play: ModulePlay;
  /** Of the module as it ran. */
  readonly sha256: string;
  readonly steps: readonly StepResult[];
  /** What went wrong around the steps. */
  readonly trouble: string;
}

/** docs/proof/update-modules.md. */
export function proofDocument(
  results: readonly PlayResult[],
  commitOf: (repository: string) => string,
): string {
  const repositories = [...new Set(results.map(({ play }) => play.repository))];
  return `# Update modules of Mender and its community

Mender's own update modules, and those of its community, run unchanged under \`moult-agent\`: no line of them is here, and each ran
byte for byte as its repository has it. Written by \`npm run mender-modules -- --report\`, which fails when a step is otherwise than it
must be; the steps are in \`tools/mender-modules\`.

\`\`\`
MENDER_MODULES=<folder with checkouts of the repositories below> npm run mender-modules
\`\`\`

| repository | commit |
| --- | --- |
${repositories.map((repository) => `| mendersoftware/${repository} | ${commitOf(repository)} |`).join("\n")}

The agent is the bundle that ships, as a person at the device uses it: \`install\`, then \`commit\` or \`rollback\`. Each module ran on a copy
of a Debian 12 machine that was thrown away afterwards, with the paths that it has on a device. Where a tool is not to be had on such a
machine, a stand-in writes down how it is called: then what is shown is the protocol between agent and module, not the tool.

| module | SHA-256 | tools | steps, all as they must be |
| --- | --- | --- | --- |
${results.map(row).join("\n")}

Two do what their authors may not have meant, under any client, and the steps hold it fast:

- \`persistent-app\` fails in every state as long as its file \`dest_dir\` is not there, so already when it is asked for
  \`ProvidePayloadFileSizes\`. By its source Mender's client 5 takes that for a failure, too.
- \`dir-overlay\` says that it rolled back, and has put the former files below \`<dest_dir>/<dest_dir>\` and left the new ones.

Not run: \`rootfs-image\` (needs the partitions of a device), \`docker-compose\` of mender-container-modules (its shell is generated
by m4 at its build; Moult's module of this type takes the same payload).

## What they printed

Of the agent and of the checks after it; the modules' own output is in the logs of the updates.

${results.map(printed).join("\n\n")}
`;
}

const row = ({ play, sha256, steps }: PlayResult): string =>
  `| \`${play.repository}/${play.path}\` | \`${sha256.slice(0, 16)}\` | ${play.tools} | ${steps.length} |`;

/** Folders of one run have names that differ each time. */
const FOLDER = /\/tmp\/moult-mender-[A-Za-z0-9]+|\/[^ ]*\/moult-mender-[A-Za-z0-9]+/g;
const UPDATE = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function printed({ play, steps }: PlayResult): string {
  const lines = steps.flatMap(({ step, printed: text, exitCode }) => [
    `# ${step.says}${exitCode === 0 ? "" : ` (exit code ${exitCode})`}`,
    ...text.split("\n").filter((line) => line.trim() !== ""),
  ]);
  const text = lines.join("\n").replaceAll(FOLDER, "/play").replaceAll(UPDATE, "<update>");
  return `### ${play.payloadType}\n\n\`\`\`\n${text}\n\`\`\``;
}
