import type { Reply } from "@moult/client";
import type { ControllerId, HardwareType, ProductName } from "@moult/model";
import { useState, type FormEvent } from "react";
import { ControllerToken } from "../components/controller-token.tsx";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { ProductChoice } from "../components/product-choice.tsx";

/** Adds a device of hawkBit's protocol and shows its token this once. */
export function RegisterControllerDialog({
  products,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly onClose: () => void;
}) {
  const register = useAction("registerController", { refreshes: ["listDevices", "countDevices"] });
  const { data } = register;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={data === undefined ? "Register a device" : "Registered"}
    >
      {data === undefined ? (
        <RegisterForm products={products} register={register} onClose={onClose} />
      ) : (
        <Registered added={data} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Registered({
  added: { deviceId, controllerId, token },
  onClose,
}: {
  readonly added: Reply<"registerController">;
  readonly onClose: () => void;
}) {
  return (
    <>
      {token === null ? (
        <p>
          It has no token: a proxy that is named in the server’s settings vouches for it by its
          certificate.
        </p>
      ) : (
        <ControllerToken controllerId={controllerId} token={token} />
      )}
      <div className="flex items-center justify-end gap-3">
        <TextLink to="/devices/$deviceId" params={{ deviceId }}>
          See the device
        </TextLink>
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </>
  );
}

function RegisterForm({
  products,
  register,
  onClose,
}: {
  readonly products: readonly ProductName[];
  readonly register: ReturnType<typeof useAction<"registerController">>;
  readonly onClose: () => void;
}) {
  const [product, setProduct] = useState<string>(products[0] ?? "");
  const [controllerId, setControllerId] = useState("");
  const [hardwareType, setHardwareType] = useState("");
  const [name, setName] = useState("");
  const [hasCertificate, setHasCertificate] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (register.isPending) return;
    register.mutate({
      body: {
        controllerId: controllerId.trim() as ControllerId,
        product: product as ProductName,
        hardwareType: hardwareType.trim() as HardwareType,
        credential: hasCertificate ? "certificate" : "token",
        ...(name.trim() === "" ? {} : { name: name.trim() }),
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <ProductChoice products={products} value={product} onChange={setProduct} />
      <TextField
        label="What its client calls itself"
        hint="Its id for SWUpdate, its target name for rauc-hawkbit-updater; it stays for good."
        required
        isMono
        maxLength={128}
        autoComplete="off"
        spellCheck={false}
        value={controllerId}
        onChange={setControllerId}
      />
      <TextField
        label="Hardware type"
        hint="Releases name the types that they fit."
        required
        isMono
        maxLength={128}
        value={hardwareType}
        onChange={setHardwareType}
      />
      <TextField
        label="Name for people"
        hint="It can stay empty."
        maxLength={128}
        value={name}
        onChange={setName}
      />
      <CheckField
        label="It comes with a certificate"
        hint="For devices behind a proxy that checks certificates; it gets no token."
        isChecked={hasCertificate}
        onChange={setHasCertificate}
      />
      <FormEnd sending={register} onCancel={onClose}>
        Register the device
      </FormEnd>
    </form>
  );
}
