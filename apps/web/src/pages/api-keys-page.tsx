import type { ApiKey } from "@moult/api";
import { useState } from "react";
import { ApiKeyDialog } from "../forms/api-key-dialog.tsx";
import { ROLE_WORDS } from "../forms/role-words.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

export function ApiKeysPage() {
  const answer = useOperation("listApiKeys");
  const [isCreating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <p className="text-soft">Programs act with a key as you do, within the key’s own role.</p>
        <Button kind="primary" aria-haspopup="dialog" onClick={() => setCreating(true)}>
          New API key
        </Button>
      </div>
      <Answered answer={answer} what="API keys">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="You have no API keys">
              <p>A build that uploads releases needs one, with the role “publisher”.</p>
            </Empty>
          ) : (
            <Table
              caption="Your API keys"
              columns={columnsFor(setRevoked)}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Answered>
      {isCreating && <ApiKeyDialog onClose={() => setCreating(false)} />}
      {revoked !== null && <RevokeKey apiKey={revoked} onClose={() => setRevoked(null)} />}
    </>
  );
}

const columnsFor = (onRevoke: (key: ApiKey) => void): readonly Column<ApiKey>[] => [
  {
    key: "name",
    title: "Name",
    cell: ({ name, start }) => (
      <span className="flex min-w-0 flex-wrap gap-x-2">
        <Foreign text={name} />
        <code className="text-soft">{start}…</code>
      </span>
    ),
  },
  {
    key: "role",
    title: "Role",
    cell: ({ role }) => <span title={ROLE_WORDS[role]}>{role}</span>,
  },
  {
    key: "used",
    title: "Last used",
    cell: ({ lastUsedAt }) => (
      <>
        <span className="sm:hidden">used </span>
        <When at={lastUsedAt} />
      </>
    ),
  },
  {
    key: "ends",
    title: "Ends",
    cell: ({ expiresAt }) => (
      <>
        <span className="sm:hidden">ends </span>
        <When at={expiresAt} />
      </>
    ),
  },
  {
    key: "created",
    title: "Created",
    hidden: "phone",
    cell: ({ createdAt }) => <When at={createdAt} />,
  },
  {
    key: "revoke",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (key) => (
      <Button
        kind="quiet"
        aria-label={`Revoke ${plainText(key.name)}`}
        onClick={() => onRevoke(key)}
      >
        Revoke
      </Button>
    ),
  },
];

function RevokeKey({ apiKey, onClose }: { readonly apiKey: ApiKey; readonly onClose: () => void }) {
  const name = plainText(apiKey.name);
  const revoke = useAction("deleteApiKey", {
    refreshes: ["listApiKeys"],
    onDone: () => {
      toast(`${name} was revoked`);
      onClose();
    },
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Revoke ${name}?`}
      action={`Revoke ${name}`}
      isBusy={revoke.isPending}
      problem={revoke.error}
      onConfirm={() => revoke.mutate({ params: { keyId: apiKey.id } })}
    >
      <p>
        {apiKey.lastUsedAt === null ? (
          "It was never used."
        ) : (
          <>
            It was last used <When at={apiKey.lastUsedAt} />.
          </>
        )}{" "}
        Programs that use it fail at once. What they did stays.
      </p>
    </Confirm>
  );
}
