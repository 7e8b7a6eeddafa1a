import type { ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useMay } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

const PRODUCT_PATTERN = "[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?";

/** What the devices are. */
export function ProductStep() {
  const [name, setName] = useState("my-product");
  const mayCreate = useMay("products:write");
  const create = useAction("createProduct", { refreshes: ["listProducts", "showOverview"] });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending || name === "" || !mayCreate) return;
    create.mutate({ body: { name: name as ProductName, requireSignature: false } });
  };
  return (
    <form onSubmit={submit} className="flex max-w-xl flex-col items-start gap-3">
      <TextField
        label="Name of the product"
        hint="What your devices are: small letters, digits and hyphens. It stays for good."
        required
        pattern={PRODUCT_PATTERN}
        maxLength={63}
        isMono
        value={name}
        onChange={setName}
      />
      {create.error !== null && <ProblemPanel error={create.error} />}
      <Button
        kind="primary"
        type="submit"
        isBusy={create.isPending}
        disabledReason={
          name === ""
            ? "the product needs a name"
            : mayCreate
              ? undefined
              : "your role may not create products"
        }
      >
        Create {name === "" ? "the product" : name}
      </Button>
    </form>
  );
}
