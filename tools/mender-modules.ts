/**
 * `MENDER_MODULES=FOLDER npm run mender-modules [-- --only TYPE] [-- --report]`: Mender's own update modules and those of its
 * community, unchanged, under the agent that ships. FOLDER holds checkouts of mendersoftware/mender, mender-update-modules and
 * mender-configure-module. Each module runs on a copy of this machine that is thrown away (an overlay, so this needs root), with the
 * paths and tools that it has on a device. `--report` writes docs/proof/update-modules.md. Ends with 1 when anything is otherwise
 * than it must be.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { payloadFileFromBytes, prepareArtifact } from "@moult/artifact";
import { buildOnce } from "./build/build-once.ts";
import { ROOT } from "./build/bundle-program.ts";
import type { ModulePlay, PlayArtifact } from "./mender-modules/module-play.ts";
import { PLAYS_WITH_STAND_INS } from "./mender-modules/plays-with-stand-ins.ts";
import { PLAYS_WITH_TOOLS } from "./mender-modules/plays-with-tools.ts";
import {
  proofDocument,
  type PlayResult,
  type StepResult,
} from "./mender-modules/proof-document.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, report: { type: "boolean", default: false } },
});
const checkouts = process.env["MENDER_MODULES"] ?? "";
const plays = [...PLAYS_WITH_TOOLS, ...PLAYS_WITH_STAND_INS].filter(
  ({ payloadType }) => (values.only ?? payloadType) === payloadType,
);

const missing = [...new Set(plays.map(({ repository }) => repository))].filter(
  (repository) => checkouts === "" || !existsSync(join(checkouts, repository)),
);
if (missing.length > 0 || plays.length === 0) {
  console.error(
    `mender-modules: MENDER_MODULES must name a folder with checkouts of ${missing.join(", ")}`,
  );
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error("mender-modules: copies of this machine are mounted, which only root may do");
  process.exit(2);
}

/** Between what steps print; nothing else prints it. */
const MARK = `== ${createHash("sha256").update(String(process.pid)).digest("hex").slice(0, 12)} `;

async function writeArtifact(file: string, type: string, artifact: PlayArtifact): Promise<void> {
  const { name, files, metaData } = artifact;
  const prepared = await prepareArtifact({
    artifactName: name,
    deviceTypes: ["play"],
    payloads: [
      {
        type,
        files: Object.entries(files).map(([fileName, content]) =>
          payloadFileFromBytes(fileName, Buffer.from(content)),
        ),
        ...(metaData === undefined ? {} : { metaData }),
      },
    ],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  writeFileSync(file, Buffer.concat(chunks));
}

/** The device: this machine's files below a layer of its own, in which the module lies where modules are. */
function deviceScript(folder: string, play: ModulePlay): string {
  const module = join(checkouts, play.repository, play.path);
  const device = join(folder, "device");
  const agent = `${process.execPath} ${join(ROOT, "dist/moult-agent.mjs")}`;
  const steps = play.steps.map(({ shell }, index) => {
    writeFileSync(
      join(folder, `step-${index}`),
      `moult-agent() { ${agent} "$@"; }
install() { moult-agent install ${folder}/"$1".mender --allow-unsigned --device-type play; }
export PATH="/usr/local/bin:$PATH"
${shell}
`,
    );
    return `chroot ${device} bash ${folder}/step-${index} </dev/null 2>&1; printf '\\n${MARK}%s\\n' $?`;
  });
  return `set -e
mkdir -p ${folder}/layer ${folder}/work ${device}
mount -t tmpfs tmpfs ${folder}/layer
mkdir ${folder}/layer/upper ${folder}/layer/work
mount -t overlay overlay -o lowerdir=/,upperdir=${folder}/layer/upper,workdir=${folder}/layer/work ${device}
for shared in proc dev; do mount --rbind /$shared ${device}/$shared; done
mount -t tmpfs tmpfs ${device}/var/lib
for kept in dpkg rpm; do [ ! -d /var/lib/$kept ] || cp -a /var/lib/$kept ${device}/var/lib/; done
modules=${device}/usr/share/moult/modules/v3
mkdir -p $modules ${device}/etc/moult
cp ${module} $modules/${play.payloadType}
cmp ${module} $modules/${play.payloadType}
chmod 755 $modules/${play.payloadType}
printf 'artifact_name=factory\\ndevice_type=play\\n' > ${device}/etc/moult/artifact_info
set +e
${steps.join("\n")}
`;
}

async function run(play: ModulePlay): Promise<PlayResult> {
  const folder = mkdtempSync(join(tmpdir(), "moult-mender-"));
  try {
    const artifacts = await play.artifacts();
    for (const [index, artifact] of artifacts.entries())
      await writeArtifact(join(folder, `${index + 1}.mender`), play.payloadType, artifact);
    mkdirSync(join(folder, "work"));
    writeFileSync(join(folder, "script"), deviceScript(folder, play));
    const { stdout, stderr } = spawnSync("unshare", ["--mount", "bash", join(folder, "script")], {
      encoding: "utf8",
    });
    const content = readFileSync(join(checkouts, play.repository, play.path));
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { play, sha256, steps: judge(play, stdout), trouble: stderr.trim() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge({ steps }: ModulePlay, stdout: string): readonly StepResult[] {
  const parts = stdout.split(`\n${MARK}`);
  return steps.map((step, index) => {
    const printed = (parts[index] ?? "").replace(/^\d+\n/, "").trim();
    const exitCode = Number(parts[index + 1]?.split("\n")[0] ?? NaN);
    const isGood =
      exitCode === (step.exitCode ?? 0) &&
      (step.prints === undefined || printed.includes(step.prints));
    return { step, printed, exitCode, isGood };
  });
}

await buildOnce();
const results: PlayResult[] = [];
for (const play of plays) {
  const result = await run(play);
  results.push(result);
  const wrong = result.steps.filter(({ isGood }) => !isGood);
  console.log(`${wrong.length === 0 ? "good" : "WRONG"}  ${play.repository}/${play.path}`);
  for (const { step, printed, exitCode } of wrong)
    console.log(`  ${step.says}: exit code ${exitCode}\n${printed.replaceAll(/^/gm, "    ")}`);
  if (wrong.length > 0 && result.trouble !== "") console.log(`  ${result.trouble}`);
}
const isAllGood = results.every(({ steps }) => steps.every(({ isGood }) => isGood));
const commitOf = (repository: string): string =>
  execFileSync("git", ["-C", join(checkouts, repository), "log", "-1", "--format=%H (%cs)"], {
    encoding: "utf8",
  }).trim();
if (values.report && isAllGood && values.only === undefined)
  writeFileSync(join(ROOT, "docs/proof/update-modules.md"), proofDocument(results, commitOf));
console.log(
  `${results.length} modules, ${isAllGood ? "all as they must be" : "not all as they must be"}`,
);
process.exit(isAllGood ? 0 : 1);
