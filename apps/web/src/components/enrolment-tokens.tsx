import type { EnrolmentToken, ProductName } from "@moult/model";
import { useState } from "react";
import { EnrolmentTokenDialog } from "../forms/enrolment-token-dialog.tsx";
import { counted, exactCount } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

/** Secrets with which devices may ask to join. */
export function EnrolmentTokens({
  products,
  disabledReason,
}: {
  readonly products: readonly ProductName[];
  readonly disabledReason: string | undefined;
}) {
  const answer = useOperation("listEnrolmentTokens");
  const [isCreating, setCreating] = useState(false);
  const [deleted, setDeleted] = useState<EnrolmentToken | null>(null);
  return (
    <Panel
      title="Enrolment tokens"
      aside={
        <Button
          aria-haspopup="dialog"
          disabledReason={disabledReason}
          onClick={() => setCreating(true)}
        >
          New enrolment token
        </Button>
      }
    >
      <Answered answer={answer} what="enrolment tokens">
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">
              No tokens. A device with neither a token nor a preauthorisation is turned away.
            </p>
          ) : (
            <Table
              caption="Enrolment tokens"
              columns={columnsFor(setDeleted, disabledReason)}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Answered>
      {isCreating && (
        <EnrolmentTokenDialog products={products} onClose={() => setCreating(false)} />
      )}
      {deleted !== null && <DeleteToken token={deleted} onClose={() => setDeleted(null)} />}
    </Panel>
  );
}

const nameOf = ({ label, product }: EnrolmentToken): string =>
  label === "" ? `the token for ${product}` : plainText(label, 40);

const columnsFor = (
  onDelete: (token: EnrolmentToken) => void,
  disabledReason: string | undefined,
): readonly Column<EnrolmentToken>[] => [
  {
    key: "label",
    title: "For",
    cell: ({ label, product }) =>
      label === "" ? <span className="text-soft">{product}</span> : <Foreign text={label} />,
  },
  { key: "product", title: "Product", hidden: "phone", cell: ({ product }) => product },
  {
    key: "accepts",
    title: "Its devices",
    cell: ({ accepts }) => (accepts ? "are accepted at once" : "wait to be accepted"),
  },
  {
    key: "uses",
    title: "Used",
    isNumber: true,
    cell: ({ uses, usesMax }) => `${exactCount(uses)} of ${exactCount(usesMax)}`,
  },
  {
    key: "expires",
    title: "Ends",
    cell: ({ expiresAt }) => (
      <>
        <span className="sm:hidden">ends </span>
        <When at={expiresAt} />
      </>
    ),
  },
  {
    key: "delete",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (token) => (
      <Button
        kind="quiet"
        aria-label={`Revoke ${nameOf(token)}`}
        disabledReason={disabledReason}
        onClick={() => onDelete(token)}
      >
        Revoke
      </Button>
    ),
  },
];

function DeleteToken({
  token,
  onClose,
}: {
  readonly token: EnrolmentToken;
  readonly onClose: () => void;
}) {
  const name = nameOf(token);
  const remove = useAction("deleteEnrolmentToken", {
    refreshes: ["listEnrolmentTokens"],
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
      isBusy={remove.isPending}
      problem={remove.error}
      onConfirm={() => remove.mutate({ params: { enrolmentTokenId: token.id } })}
    >
      <p>
        No further device joins with it. The {counted(token.uses, "device")} that came with it stay
        as they are.
      </p>
    </Confirm>
  );
}
