import type { ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useMay } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { signedProductCommand } from "./cli-commands.ts";
import { GetCli } from "./get-cli.tsx";

const PRODUCT_PATTERN = "[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?";

/** What the devices are, and who may sign for them: with a key of one's own, or for a try without. */
export function ProductStep() {
  const [name, setName] = useState("my-product");
  return (
    <>
      <div className="max-w-xl">
        <TextField
          label="Name of the product"
          hint="What your devices are: small letters, digits and hyphens."
          pattern={PRODUCT_PATTERN}
          maxLength={63}
          isMono
          value={name}
          onChange={setName}
        />
      </div>
      <WithSignatures product={name} />
      <WithoutSignatures product={name} />
    </>
  );
}

function WithSignatures({ product }: { readonly product: string }) {
  return (
    <section aria-label="With a signing key" className="flex flex-col gap-3">
      <h3 className="font-semibold">With a signing key</h3>
      <p className="max-w-prose text-soft">
        Devices then install only what you have signed, whoever has the server. So the key is made
        on your own machine, and neither this page nor the server ever sees it. The command line
        tool needs Node 24.5 or newer.
      </p>
      <p>First fetch the tool and sign in:</p>
      <GetCli />
      <p>Then make the key, and the product that trusts it:</p>
      <CommandLine
        command={signedProductCommand(product === "" ? "my-product" : product)}
        what="command that makes the signing key and the product"
      />
      <p className="text-soft">This step ticks itself when the product is there.</p>
    </section>
  );
}

function WithoutSignatures({ product }: { readonly product: string }) {
  const mayCreate = useMay("products:write");
  const create = useAction("createProduct", { refreshes: ["listProducts", "showOverview"] });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending || !mayCreate) return;
    create.mutate({ body: { name: product as ProductName, requireSignature: false } });
  };
  return (
    <section aria-label="Or try without signatures" className="border-t border-line pt-4">
      <form onSubmit={submit} className="flex flex-col items-start gap-3">
        <h3 className="font-semibold">Or try without signatures</h3>
        <p className="max-w-prose text-soft">
          Whoever takes over the server could then install software on its devices. A key can be
          added to the product later; devices that are enrolled by then have to be provisioned
          again.
        </p>
        {create.error !== null && <ProblemPanel error={create.error} />}
        <Button
          type="submit"
          isBusy={create.isPending}
          disabledReason={
            product === ""
              ? "the product needs a name"
              : mayCreate
                ? undefined
                : "your role may not create products"
          }
        >
          Create {product === "" ? "the product" : product} without signatures
        </Button>
      </form>
    </section>
  );
}
