import type { ProductName } from "@moult/model";
import { useState } from "react";
import { ControllerGateways } from "../components/controller-gateways.tsx";
import { ProductsToJoin } from "../components/products-to-join.tsx";
import { RegisterControllerDialog } from "../forms/register-controller-dialog.tsx";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** How devices come in whose client is of other makers. */
export function OtherClientsPage() {
  return (
    <div className="flex flex-col gap-4">
      <p className="max-w-prose text-soft">
        Devices that keep the client they have. They trust this server more than Moult’s agent does:{" "}
        <TextLink to="/devices" search={{ query: "trust = server-trusted" }}>
          who takes it over can install software on them
        </TextLink>
        .
      </p>
      <ProductsToJoin>
        {(products, disabledReason) => (
          <>
            <Controllers products={products} disabledReason={disabledReason} />
            <ControllerGateways products={products} disabledReason={disabledReason} />
            <Mender />
          </>
        )}
      </ProductsToJoin>
    </div>
  );
}

function Controllers({
  products,
  disabledReason,
}: {
  readonly products: readonly ProductName[];
  readonly disabledReason: string | undefined;
}) {
  const [isRegistering, setRegistering] = useState(false);
  return (
    <Panel
      title="SWUpdate, RAUC and other clients for hawkBit"
      aside={
        <Button
          aria-haspopup="dialog"
          disabledReason={disabledReason}
          onClick={() => setRegistering(true)}
        >
          Register a device
        </Button>
      }
    >
      <p className="max-w-prose text-soft">
        A device is registered by what its client calls itself, and comes with a token of its own.
        Another token for it is made on its page, under “Identity”.
      </p>
      {isRegistering && (
        <RegisterControllerDialog products={products} onClose={() => setRegistering(false)} />
      )}
    </Panel>
  );
}

const Mender = () => (
  <Panel title="Mender’s clients">
    <p className="max-w-prose text-soft">
      They ask to join by themselves: with an{" "}
      <TextLink to="/settings/enrolment-tokens">enrolment token</TextLink> as their{" "}
      <code>TenantToken</code>, or with a key that was preauthorised there.
    </p>
  </Panel>
);
