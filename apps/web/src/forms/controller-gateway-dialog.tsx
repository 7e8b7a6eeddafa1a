import type { HardwareType, ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextArea, TextField } from "../ui/field.tsx";
import { Secret } from "../ui/secret.tsx";
import { readControllerNames } from "./controller-names.ts";
import { FormEnd } from "../ui/form-end.tsx";
import { ProductChoice } from "../components/product-choice.tsx";

/** Makes a gateway token for devices that are named with it, and shows it this once. */
export function ControllerGatewayDialog({
  products,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly onClose: () => void;
}) {
  const create = useAction("createControllerGateway", { refreshes: ["listControllerGateways"] });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={create.data === undefined ? "New gateway token" : "Gateway token"}
    >
      {create.data === undefined ? (
        <GatewayForm products={products} create={create} onClose={onClose} />
      ) : (
        <>
          <Secret value={create.data.token} what="gateway token" />
          <p className="text-soft">
            It speaks for {counted(create.data.gateway.controllerIds.length, "device")} and for no
            other: <code>gatewaytoken</code> of SWUpdate, <code>gateway_token</code> of
            rauc-hawkbit-updater.
          </p>
          <div className="flex justify-end">
            <Button kind="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function GatewayForm({
  products,
  create,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly create: ReturnType<typeof useAction<"createControllerGateway">>;
  readonly onClose: () => void;
}) {
  const [product, setProduct] = useState<string>(products[0] ?? "");
  const [label, setLabel] = useState("");
  const [hardwareType, setHardwareType] = useState("");
  const [text, setText] = useState("");
  const { names, wrong } = readControllerNames(text);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending || wrong !== undefined || names.length === 0) return;
    create.mutate({
      body: {
        product: product as ProductName,
        hardwareType: hardwareType.trim() as HardwareType,
        label: label.trim(),
        controllerIds: [...names],
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <ProductChoice products={products} value={product} onChange={setProduct} />
      <TextField
        label="What it is for"
        hint="“hall 4”, “the gateway at the pier”"
        maxLength={128}
        value={label}
        onChange={setLabel}
      />
      <TextField
        label="Hardware type of its devices"
        required
        isMono
        maxLength={128}
        value={hardwareType}
        onChange={setHardwareType}
      />
      <TextArea
        label="Its devices"
        hint="What their clients call themselves, one a line. It lets each in when it first asks."
        error={
          wrong === undefined
            ? undefined
            : `“${plainText(wrong, 40)}” is no name: letters, digits and . _ : + @ ~ - only.`
        }
        rows={6}
        isMono
        value={text}
        onChange={setText}
      />
      <FormEnd
        sending={create}
        onCancel={onClose}
        disabledReason={
          wrong !== undefined
            ? "one of the names is none"
            : names.length === 0
              ? "name its devices first"
              : undefined
        }
      >
        Create the token
      </FormEnd>
    </form>
  );
}
