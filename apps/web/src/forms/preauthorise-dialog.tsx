import type { ProductName, Sha256 } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";

/** Accepts a device before it asks, by the fingerprint of its key. */
export function PreauthoriseDialog({
  products,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly onClose: () => void;
}) {
  const [product, setProduct] = useState<string>(products[0] ?? "");
  const [fingerprint, setFingerprint] = useState("");
  const [name, setName] = useState("");
  const create = useAction("preauthoriseDevice", {
    refreshes: ["listPreauthorisations"],
    onDone: () => {
      toast("The device is accepted as soon as it asks");
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending) return;
    create.mutate({
      body: {
        product: product as ProductName,
        // As people copy it: with spaces or colons between groups.
        keyFingerprint: fingerprint.replaceAll(/[\s:]/g, "").toLowerCase() as Sha256,
        ...(name.trim() === "" ? {} : { name: name.trim() }),
      },
    });
  };
  return (
    <Dialog isOpen onClose={onClose} title="Preauthorise a device">
      <form onSubmit={submit} className="flex flex-col gap-4">
        {products.length > 1 && (
          <SelectField
            label="Product"
            value={product}
            choices={products.map((one) => ({ value: one as string, label: one as string }))}
            onChange={setProduct}
          />
        )}
        <TextField
          label="Fingerprint of its key"
          hint={
            <>
              <code>moult-agent provision</code> prints it: 64 hexadecimal digits.
            </>
          }
          required
          isMono
          spellCheck={false}
          autoComplete="off"
          value={fingerprint}
          onChange={setFingerprint}
        />
        <TextField
          label="Name for people"
          hint="It can stay empty."
          maxLength={128}
          value={name}
          onChange={setName}
        />
        {create.error !== null && <ProblemPanel error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={create.isPending}>
            Preauthorise the device
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
