import type { Product } from "@moult/model";
import { useState } from "react";
import { useOperation } from "../server/operation-query.ts";
import { useNow } from "../ui/clock.ts";
import { TextLink } from "../ui/text-link.tsx";
import { EnrolCommand } from "./enrol-command.tsx";
import { PendingDevices, usePendingDevices } from "./pending-devices.tsx";

const PATIENCE_MS = 60_000;
const STEP_MS = 5_000;

/** The command for a device, and the device as soon as it asks to join. */
export function EnrolDevice({ products }: { readonly products: readonly Product[] }) {
  const { data } = usePendingDevices();
  const pending = data?.items ?? [];
  const [shownAt, setShownAt] = useState<number | null>(null);
  const trust = useOperation("showTrust").data;
  if (trust?.state === "none") return <SigningFirst />;
  return (
    <div className="flex flex-col gap-4">
      <EnrolCommand
        products={products.map(({ name }) => name)}
        onShown={(isShown) => setShownAt(isShown ? Date.now() : null)}
      />
      {pending.length > 0 ? (
        <PendingDevices devices={pending} />
      ) : (
        shownAt !== null && <Waiting sinceMs={shownAt} />
      )}
    </div>
  );
}

/** The server refuses: a device starts with a root of trust, and there is none. */
function SigningFirst() {
  return (
    <div className="flex max-w-prose flex-col gap-2">
      <p className="font-medium">Signing comes first.</p>
      <p className="text-soft">
        A device starts with the root of trust, and installs only what keys named by it have signed.
        There is none yet: <TextLink to="/settings/trust">set up signing</TextLink>, and the command
        for a device is here.
      </p>
    </div>
  );
}

function Waiting({ sinceMs }: { readonly sinceMs: number }) {
  useNow(STEP_MS);
  const isLong = Date.now() - sinceMs > PATIENCE_MS;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-soft">Waiting for a device. It appears here by itself.</p>
      {isLong && <NotHere />}
    </div>
  );
}

function NotHere() {
  return (
    <section aria-label="Not here?" className="rounded-lg border border-line bg-raised p-3">
      <p className="font-semibold">Not here? Three checks</p>
      <ol className="mt-1 flex list-decimal flex-col gap-1 pl-5">
        <li>
          The terminal says “could not connect” or “could not resolve”: the machine does not reach
          this server. Make another command with an address that it reaches, or see the server’s{" "}
          <TextLink to="/settings">public address</TextLink>.
        </li>
        <li>
          The terminal says “FAILED”: the agent is not the one that this page knows. Make another
          command.
        </li>
        <li>
          The terminal says “enrolment-token-invalid”: the token has expired or was used; see the{" "}
          <TextLink to="/settings/enrolment-tokens">enrolment tokens</TextLink>. If the device was
          accepted at once, it is among the <TextLink to="/devices">devices</TextLink> already.
        </li>
      </ol>
    </section>
  );
}
