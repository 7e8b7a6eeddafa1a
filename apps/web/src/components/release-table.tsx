import type { Release } from "@moult/model";
import { bytes, counted } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { ARTIFACT_TRUST, releaseTrust } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";

const sizeOf = ({ artifacts }: Release): number =>
  artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

const hardwareOf = ({ artifacts }: Release): readonly string[] => [
  ...new Set(artifacts.flatMap(({ hardwareTypes }) => hardwareTypes)),
];

const COLUMNS: readonly Column<Release>[] = [
  {
    key: "version",
    title: "Release",
    cell: ({ id, version }) => (
      <TextLink to="/releases/$releaseId" params={{ releaseId: id }} isQuiet>
        <Foreign text={version} mono />
      </TextLink>
    ),
  },
  { key: "product", title: "Product", cell: ({ product }) => <Foreign text={product} cut /> },
  { key: "channel", title: "Channel", cell: ({ channel }) => <Foreign text={channel} cut /> },
  {
    key: "signed",
    title: "Signing",
    cell: (release) => {
      const state = releaseTrust(release);
      return state === undefined ? null : <Badge status={ARTIFACT_TRUST[state]} isPlain />;
    },
  },
  {
    key: "hardware",
    title: "For",
    hidden: "phone",
    cell: (release) => <Foreign text={hardwareOf(release).join(", ")} cut />,
  },
  {
    key: "artifacts",
    title: "Contents",
    cell: (release) => (
      <span className="tabular whitespace-nowrap">
        {release.artifacts.length === 0
          ? "empty"
          : `${counted(release.artifacts.length, "artifact")}, ${bytes(sizeOf(release))}`}
      </span>
    ),
  },
  { key: "created", title: "Uploaded", cell: ({ createdAt }) => <When at={createdAt} /> },
];

export function ReleaseTable({ releases }: { readonly releases: readonly Release[] }) {
  return (
    <Table
      caption="Releases, newest first"
      columns={COLUMNS}
      rows={releases}
      keyOf={({ id }) => id}
    />
  );
}
