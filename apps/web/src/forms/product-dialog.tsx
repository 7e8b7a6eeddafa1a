import type { Product, ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, TextArea, TextField } from "../ui/field.tsx";
import { joinedKeys, splitKeys } from "./pem-keys.ts";
import { FormEnd } from "../ui/form-end.tsx";

/** Creates a product, or changes the title, keys and rule of one. */
export function ProductDialog({
  product,
  onClose,
}: {
  readonly product: Product | undefined;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState<string>(product?.name ?? "");
  const [title, setTitle] = useState(product?.title ?? "");
  const [keys, setKeys] = useState(joinedKeys(product?.artifactKeys ?? []));
  const [requires, setRequires] = useState(product?.requireSignature ?? false);
  const options = { refreshes: ["listProducts", "showOverview"], onDone: onClose } as const;
  const create = useAction("createProduct", options);
  const change = useAction("changeProduct", options);
  const acting = product === undefined ? create : change;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (acting.isPending) return;
    const body = { title: title.trim(), requireSignature: requires, artifactKeys: splitKeys(keys) };
    if (product === undefined) create.mutate({ body: { ...body, name: name as ProductName } });
    else change.mutate({ params: { product: product.name }, body });
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={product === undefined ? "New product" : `Change ${product.name}`}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {product === undefined && (
          <TextField
            label="Name"
            hint="Small letters, digits and hyphens; it stays for good."
            required
            maxLength={63}
            pattern="[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
            isMono
            value={name}
            onChange={setName}
          />
        )}
        <TextField label="Title" maxLength={128} value={title} onChange={setTitle} />
        <TextArea
          label="Keys that sign its artifacts"
          hint={
            <>
              PEM public keys, one below the other. <code>moult artifact keygen</code> makes a pair;
              the private half stays with you.
            </>
          }
          rows={6}
          isMono
          value={keys}
          onChange={setKeys}
        />
        <CheckField
          label="Refuse artifacts that none of these keys signed"
          hint="Holds for uploads from now on. Devices that are enrolled keep the keys that they were given."
          isChecked={requires}
          onChange={setRequires}
        />
        <FormEnd sending={acting} onCancel={onClose}>
          {product === undefined ? "Create the product" : `Save ${product.name}`}
        </FormEnd>
      </form>
    </Dialog>
  );
}
