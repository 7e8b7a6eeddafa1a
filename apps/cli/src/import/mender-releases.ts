import * as z from "zod";
import type { ReportBuilder } from "./import-report.ts";
import type { PeerFile } from "./peer-file.ts";
import { pagesOf, type PeerLink } from "./peer-link.ts";

const PAGE_ARTIFACTS = 100;

const Artifact = z.object({
  id: z.string().min(1).max(256),
  name: z.string().max(4_096),
  device_types_compatible: z.array(z.string()).nullish(),
  info: z.object({ format: z.string().nullish(), version: z.number().nullish() }).nullish(),
  size: z.number().int().min(0).nullish(),
  modified: z.string().nullish(),
});
type Artifact = z.infer<typeof Artifact>;

const Link = z.object({ uri: z.url({ protocol: /^https?$/ }) });

/** Reads all artifacts, the oldest first where the server can, a page at a time. */
export async function* menderArtifacts(
  link: PeerLink,
  { deviceTypes }: { readonly deviceTypes: readonly string[] },
  report: ReportBuilder,
): AsyncGenerator<PeerFile> {
  const list = await artifactList(link);
  const pages = pagesOf(
    link,
    (index) => list(index + 1),
    (path) => link.get({ path }, z.array(Artifact)),
  );
  for await (const artifacts of pages)
    for (const artifact of artifacts) {
      const types = artifact.device_types_compatible ?? [];
      if (deviceTypes.length > 0 && !types.some((type) => deviceTypes.includes(type))) continue;
      report.count("releases", "read");
      const version = artifact.info?.version ?? 3;
      if (version === 3) yield fileOf(link, artifact);
      else
        report.leaveOut("releases", labelOf(artifact), `artifact format ${version}; Moult takes 3`);
    }
}

/** The list that every server since 2021 has, else its successor, which has no order by age. */
async function artifactList(link: PeerLink): Promise<(page: number) => string> {
  const v1 = (page: number, perPage = PAGE_ARTIFACTS): string =>
    `/api/management/v1/deployments/artifacts/list?sort=modified:asc&page=${page}&per_page=${perPage}`;
  const isThere = (await link.find({ path: v1(1, 1) }, z.array(Artifact))) !== undefined;
  return isThere
    ? v1
    : (page) => `/api/management/v2/deployments/artifacts?page=${page}&per_page=${PAGE_ARTIFACTS}`;
}

const labelOf = ({ name, device_types_compatible: types }: Artifact): string =>
  `${name} (${(types ?? []).join(", ")})`;

const fileOf = (link: PeerLink, artifact: Artifact): PeerFile => ({
  id: `${artifact.id} ${artifact.modified ?? ""}`,
  label: labelOf(artifact),
  fileName: `${artifact.id.replace(/[^\w-]/g, "_")}.mender`,
  sizeBytes: artifact.size ?? null,
  sha256: null,
  wrap: undefined,
  open: async (startBytes) => {
    const path = `/api/management/v1/deployments/artifacts/${encodeURIComponent(artifact.id)}/download`;
    // Good for minutes, so it is asked for anew with every start.
    const { uri } = await link.get({ path }, Link);
    return link.open(uri, startBytes);
  },
});
