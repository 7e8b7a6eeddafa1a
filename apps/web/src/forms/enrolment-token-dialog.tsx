import type { ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { Secret } from "../ui/secret.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { ProductChoice } from "../components/product-choice.tsx";

const DAY_SECONDS = 86_400;
const LIFETIMES = [
  { value: "1", label: "1 day" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "365", label: "1 year" },
] as const;
type Lifetime = (typeof LIFETIMES)[number]["value"];

/** Makes an enrolment token and shows its secret this once. */
export function EnrolmentTokenDialog({
  products,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly onClose: () => void;
}) {
  const create = useAction("createEnrolmentToken", { refreshes: ["listEnrolmentTokens"] });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={create.data === undefined ? "New enrolment token" : "Enrolment token"}
    >
      {create.data === undefined ? (
        <TokenForm products={products} create={create} onClose={onClose} />
      ) : (
        <>
          <Secret value={create.data.secret} what="secret of the token" />
          <p className="text-soft">
            It goes into the provisioning of the devices:{" "}
            <code>moult device provision --enrolment-token</code>
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

function TokenForm({
  products,
  create,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly create: ReturnType<typeof useAction<"createEnrolmentToken">>;
  readonly onClose: () => void;
}) {
  const [product, setProduct] = useState<string>(products[0] ?? "");
  const [label, setLabel] = useState("");
  const [uses, setUses] = useState("100");
  const [lifetime, setLifetime] = useState<Lifetime>("30");
  const [accepts, setAccepts] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending) return;
    create.mutate({
      body: {
        product: product as ProductName,
        label: label.trim(),
        accepts,
        usesMax: Number(uses),
        expiresInSeconds: Number(lifetime) * DAY_SECONDS,
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <ProductChoice products={products} value={product} onChange={setProduct} />
      <TextField
        label="What it is for"
        hint="“line 3”, “field test”"
        maxLength={128}
        value={label}
        onChange={setLabel}
      />
      <TextField
        label="For how many devices"
        type="number"
        min={1}
        max={10_000_000}
        required
        value={uses}
        onChange={setUses}
      />
      <SelectField label="Valid for" value={lifetime} choices={LIFETIMES} onChange={setLifetime} />
      <CheckField
        label="Accept its devices at once"
        hint="Whoever reads the secret from one device can then add devices of this product."
        isChecked={accepts}
        onChange={setAccepts}
      />
      <FormEnd sending={create} onCancel={onClose}>
        Create the token
      </FormEnd>
    </form>
  );
}
