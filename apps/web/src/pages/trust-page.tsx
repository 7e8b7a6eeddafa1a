import type { OnlineKeyStatus, TrustStatus } from "@moult/model";
import { SetUpSigning } from "../components/set-up-signing.tsx";
import { TrustProposals } from "../components/trust-proposals.tsx";
import { TrustRoles } from "../components/trust-roles.tsx";
import { TrustWarnings } from "../components/trust-warnings.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Digest, Fingerprint } from "../ui/digest.tsx";
import { Facts } from "../ui/facts.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import type { Status } from "../ui/status.ts";

/** Who may say what devices install. Nothing is signed here: the server serves this page. */
export function TrustPage() {
  const answer = useOperation("showTrust");
  return (
    <Answered answer={answer} what="roles" rows={6}>
      {(trust) => (trust.repository === null ? <NoTrust /> : <Trust trust={trust} />)}
    </Answered>
  );
}

function NoTrust() {
  return (
    <section aria-label="Set up signing" className="flex max-w-4xl flex-col gap-4">
      <h2 className="text-lg">Signing is not set up yet</h2>
      <SetUpSigning />
    </section>
  );
}

function Trust({ trust }: { readonly trust: TrustStatus }) {
  const { repository, roles, onlineKeys } = trust;
  if (repository === null) return null;
  return (
    <div className="flex flex-col gap-4">
      <p className="max-w-prose text-soft">
        Devices install what people signed with keys that this server never has. This page shows
        what is signed and signs nothing: it comes from the server, so it is the server’s word.
        Proposing and signing is done with the command line tool, which checks everything itself.
      </p>
      <TrustWarnings trust={trust} />
      <TrustProposals />
      <Panel title="Roles">
        <TrustRoles roles={roles} />
      </Panel>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <RootPanel repository={repository} />
        <OnlineKeys onlineKeys={onlineKeys} />
      </div>
    </div>
  );
}

function RootPanel({
  repository: { rootVersion, rootSha256, firstRootSha256 },
}: {
  readonly repository: NonNullable<TrustStatus["repository"]>;
}) {
  return (
    <Panel title="Root of trust">
      <div className="flex flex-col gap-4">
        <Facts
          facts={[
            ["Version", rootVersion],
            [
              "SHA-256",
              <span key="root" className="flex flex-col items-start gap-1">
                <Fingerprint value={rootSha256} />
                <CopyButton text={rootSha256} what="SHA-256 of the root" />
              </span>,
            ],
            [
              "First root",
              <Digest key="first" value={firstRootSha256} what="SHA-256 of the first root" />,
            ],
          ]}
        />
        <p className="max-w-prose text-soft">
          <code>moult trust status</code> on your own machine shows the same SHA-256. If it does
          not, trust neither this page nor any command that it gives.
        </p>
      </div>
    </Panel>
  );
}

const IN_ROOT: Status = {
  word: "named by the root",
  shape: "shield-check",
  tone: "good",
  sentence: "Devices accept what it signs.",
};
const NOT_IN_ROOT: Status = {
  word: "not in the root",
  shape: "warning",
  tone: "warn",
  sentence: "Devices refuse what it signs.",
};

const USE_WORDS: Readonly<Record<OnlineKeyStatus["use"], string>> = {
  snapshot: "snapshot",
  timestamp: "timestamp",
  instruction: "instructions to devices",
};

const KEY_COLUMNS: readonly Column<OnlineKeyStatus>[] = [
  { key: "use", title: "Signs", cell: ({ use }) => USE_WORDS[use] },
  {
    key: "keyid",
    title: "Key",
    cell: ({ use, keyid }) => <Digest value={keyid} what={`key id for ${use}`} />,
  },
  {
    key: "state",
    title: "State",
    cell: ({ isInRoot }) => <Badge status={isInRoot ? IN_ROOT : NOT_IN_ROOT} isPlain />,
  },
];

function OnlineKeys({ onlineKeys }: { readonly onlineKeys: TrustStatus["onlineKeys"] }) {
  return (
    <Panel title="Keys of the server’s signer">
      {onlineKeys === null ? (
        <p className="text-soft">The signer does not answer.</p>
      ) : (
        <>
          <Table
            caption="Online keys"
            columns={KEY_COLUMNS}
            rows={onlineKeys}
            keyOf={({ use }) => use}
          />
          <p className="mt-3 max-w-prose text-soft">
            They say what is newest and which device installs when. What may be installed at all is
            signed by a channel’s own keys.
          </p>
        </>
      )}
    </Panel>
  );
}
