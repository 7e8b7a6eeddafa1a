import type { Preauthorisation, ProductName } from "@moult/model";
import { useState } from "react";
import { PreauthoriseDialog } from "../forms/preauthorise-dialog.tsx";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Digest } from "../ui/digest.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { usePaging } from "../ui/use-paging.ts";
import { When } from "../ui/when.tsx";

const PAGE = 50;

/** Devices that are accepted the moment they ask, because somebody knew their key. */
export function Preauthorisations({
  products,
  disabledReason,
}: {
  readonly products: readonly ProductName[];
  readonly disabledReason: string | undefined;
}) {
  const paging = usePaging();
  const { cursor } = paging;
  const answer = useOperation(
    "listPreauthorisations",
    { query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } },
    { keepsOld: true },
  );
  const [isCreating, setCreating] = useState(false);
  const [withdrawn, setWithdrawn] = useState<Preauthorisation | null>(null);
  return (
    <Panel
      title="Preauthorised devices"
      aside={
        <Button
          aria-haspopup="dialog"
          disabledReason={disabledReason}
          onClick={() => setCreating(true)}
        >
          Preauthorise a device
        </Button>
      }
    >
      <Answered answer={answer} what="preauthorisations">
        {({ items, nextCursor }) =>
          items.length === 0 && cursor === undefined ? (
            <p className="text-soft">
              None. A factory that knows each device’s key lets them in this way.
            </p>
          ) : (
            <>
              <Table
                caption="Preauthorised devices, newest first"
                columns={columnsFor(setWithdrawn, disabledReason)}
                rows={items}
                keyOf={({ id }) => id}
              />
              {(nextCursor !== null || paging.hasPrevious) && (
                <Pager
                  summary={counted(items.length, "device")}
                  paging={paging}
                  nextCursor={nextCursor}
                />
              )}
            </>
          )
        }
      </Answered>
      {isCreating && <PreauthoriseDialog products={products} onClose={() => setCreating(false)} />}
      {withdrawn !== null && (
        <Withdraw preauthorisation={withdrawn} onClose={() => setWithdrawn(null)} />
      )}
    </Panel>
  );
}

const labelOf = ({ name, identity, keyFingerprint }: Preauthorisation): string =>
  name ??
  (identity === null ? `key ${keyFingerprint.slice(0, 12)}` : Object.values(identity).join(", "));

const columnsFor = (
  onWithdraw: (preauthorisation: Preauthorisation) => void,
  disabledReason: string | undefined,
): readonly Column<Preauthorisation>[] => [
  { key: "name", title: "Device", cell: (row) => <Foreign text={labelOf(row)} /> },
  { key: "product", title: "Product", cell: ({ product }) => product },
  {
    key: "key",
    title: "Key",
    cell: ({ keyFingerprint }) => <Digest value={keyFingerprint} what="fingerprint of the key" />,
  },
  {
    key: "used",
    title: "Came",
    cell: ({ usedAt }) => <When at={usedAt} never="not yet" />,
  },
  {
    key: "withdraw",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (row) => (
      <Button
        kind="quiet"
        aria-label={`Withdraw ${plainText(labelOf(row), 40)}`}
        disabledReason={disabledReason ?? (row.usedAt === null ? undefined : "it was used")}
        onClick={() => onWithdraw(row)}
      >
        Withdraw
      </Button>
    ),
  },
];

function Withdraw({
  preauthorisation,
  onClose,
}: {
  readonly preauthorisation: Preauthorisation;
  readonly onClose: () => void;
}) {
  const name = plainText(labelOf(preauthorisation), 40);
  const remove = useAction("deletePreauthorisation", {
    refreshes: ["listPreauthorisations"],
    onDone: () => {
      toast(`${name} is no longer preauthorised`);
      onClose();
    },
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Withdraw ${name}?`}
      action={`Withdraw ${name}`}
      isBusy={remove.isPending}
      problem={remove.error}
      onConfirm={() => remove.mutate({ params: { preauthorisationId: preauthorisation.id } })}
    >
      <p>The device is no longer accepted by itself. With a token it can still ask to join.</p>
    </Confirm>
  );
}
