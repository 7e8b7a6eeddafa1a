import type { ControllerGateway, ProductName } from "@moult/model";
import { useState } from "react";
import { ControllerGatewayDialog } from "../forms/controller-gateway-dialog.tsx";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

/** Tokens that speak for several devices of hawkBit's protocol, each for those that are named with it. */
export function ControllerGateways({
  products,
  disabledReason,
}: {
  readonly products: readonly ProductName[];
  readonly disabledReason: string | undefined;
}) {
  const answer = useOperation("listControllerGateways");
  const [isCreating, setCreating] = useState(false);
  const [listed, setListed] = useState<ControllerGateway | null>(null);
  const [revoked, setRevoked] = useState<ControllerGateway | null>(null);
  return (
    <Panel
      title="Gateway tokens"
      aside={
        <Button
          aria-haspopup="dialog"
          disabledReason={disabledReason}
          onClick={() => setCreating(true)}
        >
          New gateway token
        </Button>
      }
    >
      <Answered answer={answer} what="gateway tokens">
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">
              None. One token for the devices of a site, which are named with it.
            </p>
          ) : (
            <Table
              caption="Gateway tokens, newest first"
              columns={columnsFor(setListed, setRevoked, disabledReason)}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Answered>
      {isCreating && (
        <ControllerGatewayDialog products={products} onClose={() => setCreating(false)} />
      )}
      {listed !== null && <Members gateway={listed} onClose={() => setListed(null)} />}
      {revoked !== null && <Revoke gateway={revoked} onClose={() => setRevoked(null)} />}
    </Panel>
  );
}

const nameOf = ({ label, product }: ControllerGateway): string =>
  label === "" ? `the token for ${product}` : plainText(label, 40);

const columnsFor = (
  onList: (gateway: ControllerGateway) => void,
  onRevoke: (gateway: ControllerGateway) => void,
  disabledReason: string | undefined,
): readonly Column<ControllerGateway>[] => [
  {
    key: "label",
    title: "For",
    cell: ({ label, product }) =>
      label === "" ? <span className="text-soft">{product}</span> : <Foreign text={label} />,
  },
  {
    key: "product",
    title: "Product",
    hidden: "phone",
    cell: ({ product, hardwareType }) => (
      <>
        {product} · <Foreign text={hardwareType} />
      </>
    ),
  },
  {
    key: "devices",
    title: "Speaks for",
    cell: (gateway) => (
      <Button
        kind="quiet"
        aria-haspopup="dialog"
        aria-label={`${counted(gateway.controllerIds.length, "device")} of ${nameOf(gateway)}`}
        onClick={() => onList(gateway)}
      >
        {counted(gateway.controllerIds.length, "device")}
      </Button>
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
    cell: (gateway) => (
      <Button
        kind="quiet"
        aria-label={`Revoke ${nameOf(gateway)}`}
        disabledReason={disabledReason}
        onClick={() => onRevoke(gateway)}
      >
        Revoke
      </Button>
    ),
  },
];

function Members({
  gateway,
  onClose,
}: {
  readonly gateway: ControllerGateway;
  readonly onClose: () => void;
}) {
  return (
    <Dialog isOpen onClose={onClose} title={`Devices of ${nameOf(gateway)}`}>
      <ul className="max-h-96 overflow-auto font-mono text-sm" tabIndex={0} aria-label="Devices">
        {gateway.controllerIds.map((controllerId) => (
          <li key={controllerId} className="[overflow-wrap:anywhere]">
            {controllerId}
          </li>
        ))}
      </ul>
      <div className="flex justify-end">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Revoke({
  gateway,
  onClose,
}: {
  readonly gateway: ControllerGateway;
  readonly onClose: () => void;
}) {
  const name = nameOf(gateway);
  const remove = useAction("deleteControllerGateway", {
    refreshes: ["listControllerGateways"],
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
      onConfirm={() => remove.mutate({ params: { gatewayId: gateway.id } })}
    >
      <p>
        It speaks for none of its {counted(gateway.controllerIds.length, "device")} from now on.
        Those that have a token of their own still come with that.
      </p>
    </Confirm>
  );
}
