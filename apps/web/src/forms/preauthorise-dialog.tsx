import type { ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { TextArea, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toasts.tsx";
import { readIdentityPairs } from "./identity-pairs.ts";
import { readKeyFingerprint } from "./key-fingerprint.ts";
import { FormEnd } from "../ui/form-end.tsx";
import { ProductChoice } from "../components/product-choice.tsx";

/** Accepts a device before it asks, by its key: with Moult's agent, or Mender's client. */
export function PreauthoriseDialog({
  products,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly onClose: () => void;
}) {
  const { draft, change, identity, keyProblem, create, submit } = usePreauthorisation(
    products,
    onClose,
  );
  return (
    <Dialog isOpen onClose={onClose} title="Preauthorise a device">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <ProductChoice
          products={products}
          value={draft.product}
          onChange={(product) => change({ product })}
        />
        <TextArea
          label="Its key"
          hint={
            <>
              The public key in PEM, or its fingerprint: <code>moult-agent provision</code> prints
              it.
            </>
          }
          error={keyProblem}
          rows={5}
          isMono
          value={draft.key}
          onChange={(key) => change({ key })}
        />
        <TextField
          label="Its identity"
          hint="serial=1017, as its client says it. Empty: whoever has the key."
          error={identity === undefined ? "Write name=value, with commas between." : undefined}
          isMono
          autoComplete="off"
          value={draft.pairs}
          onChange={(pairs) => change({ pairs })}
        />
        <TextField
          label="Name for people"
          hint="It can stay empty."
          maxLength={128}
          value={draft.name}
          onChange={(name) => change({ name })}
        />
        <FormEnd
          sending={create}
          onCancel={onClose}
          disabledReason={draft.key.trim() === "" ? "give its key first" : undefined}
        >
          Preauthorise the device
        </FormEnd>
      </form>
    </Dialog>
  );
}

/** The browser's, where the page has it. */
const digest = (): ((bytes: BufferSource) => Promise<ArrayBuffer>) | undefined =>
  window.isSecureContext ? (bytes) => crypto.subtle.digest("SHA-256", bytes) : undefined;

function usePreauthorisation(products: readonly ProductName[], onClose: () => void) {
  const [draft, setDraft] = useState({
    product: (products[0] ?? "") as string,
    key: "",
    pairs: "",
    name: "",
  });
  const [keyProblem, setKeyProblem] = useState<string | undefined>(undefined);
  const identity = readIdentityPairs(draft.pairs);
  const create = useAction("preauthoriseDevice", {
    refreshes: ["listPreauthorisations"],
    onDone: () => {
      toast("The device is accepted as soon as it asks");
      onClose();
    },
  });
  const preauthorise = async (): Promise<void> => {
    if (create.isPending || identity === undefined) return;
    const read = await readKeyFingerprint(draft.key, digest());
    setKeyProblem(read.kind === "unreadable" ? read.why : undefined);
    if (read.kind === "unreadable") return;
    const name = draft.name.trim();
    create.mutate({
      body: {
        product: draft.product as ProductName,
        keyFingerprint: read.fingerprint,
        ...(identity === null ? {} : { identity }),
        ...(name === "" ? {} : { name }),
      },
    });
  };
  return {
    draft,
    change: (changes: Partial<typeof draft>) => setDraft({ ...draft, ...changes }),
    identity,
    keyProblem,
    create,
    submit: (event: FormEvent): void => {
      event.preventDefault();
      void preauthorise();
    },
  };
}
