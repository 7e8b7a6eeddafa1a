import * as z from "zod";
import { hawkbitPages } from "./hawkbit-pages.ts";
import type { ReportBuilder } from "./import-report.ts";
import type { PeerFile } from "./peer-file.ts";
import type { PeerLink } from "./peer-link.ts";

const DistributionSet = z.object({
  id: z.number().int(),
  name: z.string(),
  version: z.string(),
  deleted: z.boolean().nullish(),
  valid: z.boolean().nullish(),
});
type DistributionSet = z.infer<typeof DistributionSet>;

const SoftwareModule = z.object({ id: z.number().int(), name: z.string(), version: z.string() });
const Artifact = z.object({
  id: z.number().int(),
  providedFilename: z.string().min(1),
  size: z.number().int().min(0).nullish(),
  hashes: z.object({ sha256: z.string().nullish() }).nullish(),
});

interface ModuleFile {
  readonly moduleId: number;
  readonly artifact: z.infer<typeof Artifact>;
}

/** Reads all distribution sets; each with one file is a release, which is what clients of hawkBit's protocol can install. */
export async function* hawkbitFiles(
  link: PeerLink,
  { hardwareTypes }: { readonly hardwareTypes: readonly string[] },
  report: ReportBuilder,
): AsyncGenerator<PeerFile> {
  for await (const set of hawkbitPages(link, "/rest/v1/distributionsets", DistributionSet)) {
    report.count("releases", "read");
    const label = `${set.name} ${set.version}`;
    if (set.deleted === true || set.valid === false) {
      report.leaveOut("releases", label, "it is deleted or invalidated there");
      continue;
    }
    const files = await filesOf(link, set);
    const [only] = files;
    if (only !== undefined && files.length === 1) yield fileOf(link, set, only, hardwareTypes);
    else
      report.leaveOut(
        "releases",
        label,
        files.length === 0
          ? "it has no file"
          : `it has ${files.length} files, and SWUpdate and RAUC install one: make an artifact of them with \`moult artifact create\``,
      );
  }
}

async function filesOf(link: PeerLink, { id }: DistributionSet): Promise<ModuleFile[]> {
  const files: ModuleFile[] = [];
  const modules = `/rest/v1/distributionsets/${id}/assignedSM`;
  for await (const { id: moduleId } of hawkbitPages(link, modules, SoftwareModule)) {
    const path = `/rest/v1/softwaremodules/${moduleId}/artifacts`;
    const artifacts = await link.get({ path }, z.array(Artifact));
    files.push(...artifacts.map((artifact) => ({ moduleId, artifact })));
  }
  return files;
}

function fileOf(
  link: PeerLink,
  set: DistributionSet,
  { moduleId, artifact }: ModuleFile,
  hardwareTypes: readonly string[],
): PeerFile {
  const sha256 = artifact.hashes?.sha256?.toLowerCase() ?? null;
  const path = `/rest/v1/softwaremodules/${moduleId}/artifacts/${artifact.id}/download`;
  return {
    id: `${set.id} ${artifact.id} ${sha256 ?? ""} ${hardwareTypes.join(",")}`,
    label: `${set.name} ${set.version} (${artifact.providedFilename})`,
    fileName: artifact.providedFilename.replace(/[^\w.+-]/g, "_").replace(/^\.+/, "_"),
    sizeBytes: artifact.size ?? null,
    sha256,
    wrap: { name: set.version, hardwareTypes },
    open: (startBytes) => link.open(path, startBytes),
  };
}
