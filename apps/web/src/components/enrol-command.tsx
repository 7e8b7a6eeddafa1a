import type { EnrolmentToken, HardwareType, ProductName } from "@moult/model";
import type { Reply } from "@moult/client";
import { useState, type FormEvent } from "react";
import { clockTime } from "../format/time.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { useNow } from "../ui/clock.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { Fingerprint } from "../ui/digest.tsx";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { ProductChoice } from "./product-choice.tsx";

const STEP_MS = 1_000;
const DEFAULT_HARDWARE_TYPE = "linux";

/** One command that makes a device of the machine it is pasted into. The server writes it, with a short-lived token. */
export function EnrolCommand({
  products,
  onShown,
}: {
  readonly products: readonly ProductName[];
  readonly onShown: (isShown: boolean) => void;
}) {
  const [made, setMade] = useState<Reply<"createEnrolmentCommand"> | null>(null);
  const show = (next: Reply<"createEnrolmentCommand"> | null): void => {
    setMade(next);
    onShown(next !== null);
  };
  return made === null ? (
    <EnrolForm products={products} onMade={show} />
  ) : (
    <MadeCommand made={made} onAgain={() => show(null)} />
  );
}

function EnrolForm({
  products,
  onMade,
}: {
  readonly products: readonly ProductName[];
  readonly onMade: (made: Reply<"createEnrolmentCommand">) => void;
}) {
  const [chosen, setChosen] = useState<ProductName | undefined>(undefined);
  const product = chosen ?? products[0];
  const [hardwareType, setHardwareType] = useState(DEFAULT_HARDWARE_TYPE);
  const [accepts, setAccepts] = useState(false);
  const address = useServerAddress();
  const mayEnrol = useMay("enrolment:write");
  const create = useAction("createEnrolmentCommand", {
    refreshes: ["listEnrolmentTokens"],
    onDone: onMade,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending || product === undefined || !mayEnrol) return;
    create.mutate({
      body: {
        product,
        hardwareType: hardwareType.trim() as HardwareType,
        accepts,
        label: "console",
        ...(address.chosen === undefined ? {} : { serverUrl: address.chosen }),
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex max-w-xl flex-col gap-4">
      <ProductChoice products={products} value={product ?? ""} onChange={setChosen} />
      <TextField
        label="Hardware type"
        hint="What kind of machine it is. Releases name the types that they fit."
        required
        maxLength={128}
        pattern="[A-Za-z0-9][A-Za-z0-9._+\-]*"
        isMono
        value={hardwareType}
        onChange={setHardwareType}
      />
      {address.choices.length > 1 && (
        <SelectField
          label="The device reaches this server at"
          value={address.shown}
          choices={address.choices.map((url) => ({ value: url, label: url }))}
          onChange={address.choose}
        />
      )}
      <CheckField
        label="Accept it at once"
        hint="Without it the device waits until somebody has compared its fingerprint."
        isChecked={accepts}
        onChange={setAccepts}
      />
      {create.error !== null && <ProblemPanel error={create.error} />}
      <div>
        <Button
          kind="primary"
          type="submit"
          isBusy={create.isPending}
          disabledReason={
            product === undefined
              ? "there is no product yet"
              : mayEnrol
                ? undefined
                : "your role may not enrol devices"
          }
        >
          Show the command
        </Button>
      </div>
    </form>
  );
}

/** The server's public address, or the one that this page came from: that one is known to be reached. */
function useServerAddress() {
  const { data } = useOperation("showSystem");
  const [chosen, choose] = useState<string | undefined>(undefined);
  const own = window.location.origin;
  const publicUrl = data?.publicUrl.replace(/\/$/, "") ?? own;
  const choices = publicUrl === own ? [own] : [publicUrl, own];
  return { chosen, choose, choices, shown: chosen ?? publicUrl };
}

function MadeCommand({
  made,
  onAgain,
}: {
  readonly made: Reply<"createEnrolmentCommand">;
  readonly onAgain: () => void;
}) {
  const { token, command, folder } = made;
  return (
    <div className="flex flex-col gap-3">
      <p>
        Paste it into a terminal of the machine that becomes the device: any Linux with Node 20 or
        newer, as any user. It writes to <code>~/{folder}</code> only and runs until{" "}
        <kbd>Ctrl C</kbd>.
      </p>
      <CommandLine command={command.trimEnd()} what="command for the device" />
      <TokenLine token={token} onAgain={onAgain} />
      <RootInIt />
    </div>
  );
}

/** What the device will believe, to be compared with what this person's own machine has verified. */
function RootInIt() {
  const root = useOperation("showTrust").data?.repository?.rootSha256;
  if (root === undefined) return null;
  return (
    <section
      aria-label="The root of trust in it"
      className="flex flex-col items-start gap-2 rounded-lg border border-line p-3"
    >
      <p className="font-semibold">The root of trust in it</p>
      <p className="max-w-prose text-soft">
        The device believes this root from then on. Compare its SHA-256 with what{" "}
        <code>moult trust status</code> shows on your own machine:
      </p>
      <Fingerprint value={root} />
      <p className="max-w-prose text-soft">
        The command and this page come from the server: they are as trustworthy as the server is
        now. <code>moult device enrol-command</code> prints the command only when its root is the
        one that your machine has verified.
      </p>
    </section>
  );
}

/** Whether the command can still be used, as far as the server knows. */
function TokenLine({
  token,
  onAgain,
}: {
  readonly token: EnrolmentToken;
  readonly onAgain: () => void;
}) {
  const { data } = useOperation("listEnrolmentTokens");
  const now = useNow(STEP_MS);
  const known = data?.items.find(({ id }) => id === token.id) ?? token;
  const expiresAt = Date.parse(known.expiresAt);
  const isUsed = known.uses >= known.usesMax;
  const text = isUsed
    ? "A device came with it; for another one, make another command."
    : now > expiresAt
      ? "It has expired."
      : `It is for ${known.usesMax === 1 ? "one device" : `${known.usesMax} devices`}, until ${clockTime(expiresAt)}.`;
  return (
    <div className="flex flex-wrap items-center gap-3 text-soft">
      <span>{text}</span>
      <Button kind="quiet" onClick={onAgain}>
        Make another command
      </Button>
    </div>
  );
}
