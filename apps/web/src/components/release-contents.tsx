import { bareTypeOf, type Artifact } from "@moult/model";
import { bytes, counted } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { buttonClass } from "../ui/button.tsx";
import { Digest } from "../ui/digest.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";
import { ARTIFACT_TRUST } from "../ui/trust-status.ts";
import { DeleteArtifact } from "./delete-artifact.tsx";
import { SIGNATURE } from "./signature-status.ts";

/** What is in a release, one panel an artifact. */
export function ReleaseContents({ artifacts }: { readonly artifacts: readonly Artifact[] }) {
  if (artifacts.length === 0)
    return (
      <Panel title="Contents">
        <Empty title="It has no artifact">Nothing of it can be deployed.</Empty>
      </Panel>
    );
  return artifacts.map((artifact, index) => (
    <Panel
      key={artifact.id}
      title={artifacts.length === 1 ? "Contents" : `Artifact ${index + 1} of ${artifacts.length}`}
      aside={
        <span className="flex flex-wrap items-center">
          <a
            className={buttonClass("quiet")}
            href={`/api/v1/artifacts/${artifact.id}/content`}
            download
          >
            Download {bytes(artifact.sizeBytes)}
          </a>
          {artifacts.length > 1 && (
            <DeleteArtifact
              artifact={artifact}
              title={`artifact ${index + 1} of ${artifacts.length}`}
            />
          )}
        </span>
      }
    >
      <ArtifactFacts artifact={artifact} />
    </Panel>
  ));
}

/** Whose file it is, where it is no artifact to those who get it. */
const CLIENT_OF: Readonly<Record<string, string>> = {
  swu: "SWUpdate",
  rauc: "RAUC",
  "raw-file": "clients that take the file alone",
};

function ArtifactFacts({ artifact }: { readonly artifact: Artifact }) {
  const { sha256, sizeBytes, hardwareTypes, scripts, signature, trust, clearsProvides } = artifact;
  const client = CLIENT_OF[bareTypeOf(artifact.payloads) ?? ""];
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          ["For", <Foreign key="for" text={hardwareTypes.join(", ")} />],
          ...(client === undefined ? [] : [["Client", client] as const]),
          ["Size", bytes(sizeBytes)],
          ["SHA-256", <Digest key="digest" value={sha256} what="digest of the artifact" />],
          [
            "Signing",
            <span key="trust" className="flex flex-wrap items-center gap-x-2">
              <Badge status={ARTIFACT_TRUST[trust.state]} />
              <span className="text-sm text-soft">
                {trust.state === "published" ? "by " : "by the keys of "}
                <Foreign text={trust.role} mono />
                {trust.roleVersion !== null && `, version ${trust.roleVersion}`}
              </span>
            </span>,
          ],
          [
            "Signature inside",
            <span key="signature" className="flex flex-wrap items-center gap-x-2">
              <Badge status={SIGNATURE[signature]} />
              <span className="text-sm text-soft">{SIGNATURE[signature].sentence}</span>
            </span>,
          ],
          ...(scripts.length === 0
            ? []
            : [["Scripts", <Foreign key="scripts" text={scripts.join(", ")} />] as const]),
        ]}
      />
      <PayloadFiles artifact={artifact} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Pairs
          title="Provides"
          nothing="Nothing beyond its name."
          pairs={Object.entries(artifact.provides)}
        />
        <Pairs
          title="Depends on"
          nothing="Nothing: any device of its hardware takes it."
          pairs={Object.entries(artifact.depends).map(([name, values]) => [
            name,
            values.join(" or "),
          ])}
        />
      </div>
      {clearsProvides.length > 0 && (
        <p className="text-sm text-soft">
          Replaces what a device provides by the names{" "}
          <Foreign text={clearsProvides.join(", ")} mono />.
        </p>
      )}
    </div>
  );
}

function PayloadFiles({ artifact: { payloads } }: { readonly artifact: Artifact }) {
  const files = payloads.flatMap(({ type, files: inside }, payload) =>
    inside.map((file) => ({ ...file, type, key: `${payload} ${file.name}` })),
  );
  if (files.length === 0)
    return (
      <p className="text-soft">
        {counted(payloads.length, "payload")} of type{" "}
        <Foreign text={payloads.map(({ type }) => type ?? "empty").join(", ")} />, without files.
      </p>
    );
  return (
    <Table
      caption="Files"
      rows={files}
      keyOf={({ key }) => key}
      columns={[
        { key: "name", title: "File", cell: ({ name }) => <Foreign text={name} mono /> },
        { key: "type", title: "Type", cell: ({ type }) => <Foreign text={type ?? "empty"} /> },
        {
          key: "size",
          title: "Size",
          isNumber: true,
          cell: ({ sizeBytes }) => bytes(sizeBytes),
        },
        {
          key: "sha256",
          title: "SHA-256",
          cell: ({ sha256, name }) => <Digest value={sha256} what={`digest of ${name}`} />,
        },
      ]}
    />
  );
}

function Pairs({
  title,
  nothing,
  pairs,
}: {
  readonly title: string;
  readonly nothing: string;
  readonly pairs: readonly (readonly [string, string])[];
}) {
  return (
    <div className="min-w-0">
      <h3 className="mb-1 text-sm text-soft">{title}</h3>
      {pairs.length === 0 ? (
        <p className="text-soft">{nothing}</p>
      ) : (
        <dl className="flex flex-col gap-1">
          {pairs.map(([name, value]) => (
            <div key={name} className="flex flex-wrap gap-x-2">
              <dt className="text-soft">
                <Foreign text={name} mono />
              </dt>
              <dd className="min-w-0">
                <Foreign text={value} mono />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
