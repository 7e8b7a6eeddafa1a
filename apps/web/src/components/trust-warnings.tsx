import type { TrustRoleStatus, TrustStatus } from "@moult/model";
import type { ReactNode } from "react";
import { Foreign } from "../ui/foreign.tsx";
import { Shape } from "../ui/shape.tsx";
import type { Status } from "../ui/status.ts";
import { TONE_TEXT, TONE_TINT } from "../ui/tone.ts";
import { TRUST_WARNING } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";
import { renewCommand } from "./cli-commands.ts";

/** What somebody has to do about trust, the most urgent first. */
export function TrustWarnings({ trust }: { readonly trust: TrustStatus }) {
  const { roles, onlineKeys } = trust;
  const ending = roles
    .filter(({ warning }) => warning !== null)
    .toSorted((one, other) => Date.parse(one.expiresAt) - Date.parse(other.expiresAt));
  const unknown = (onlineKeys ?? []).filter(({ isInRoot }) => !isInRoot);
  if (ending.length === 0 && unknown.length === 0 && onlineKeys !== null) return null;
  return (
    <ul aria-label="Warnings" className="flex flex-col gap-2">
      {ending.map((role) => (
        <Ending key={role.name} role={role} />
      ))}
      {unknown.map(({ use, keyid }) => (
        <Warning key={use} status={TRUST_WARNING["expires-7d"]}>
          The root does not name the signer’s key for <Foreign text={use} /> (
          <code>{keyid.slice(0, 12)}</code>): devices refuse what it signs. Propose a root that
          names it: <code>moult trust rotate {use}</code>.
        </Warning>
      ))}
      {onlineKeys === null && (
        <Warning status={TRUST_WARNING["expires-30d"]}>
          The signer does not answer: nothing can be published or instructed until it does.
        </Warning>
      )}
    </ul>
  );
}

function Ending({
  role: { name, warning, expiresAt, isOnline },
}: {
  readonly role: TrustRoleStatus;
}) {
  if (warning === null) return null;
  const isOver = warning === "expired";
  return (
    <Warning status={TRUST_WARNING[warning]}>
      <Foreign text={name} mono /> {isOver ? "ended" : "ends"} <When at={expiresAt} />
      {isOver ? ": devices install nothing new by it. " : ". "}
      {isOnline ? (
        "The server renews it by itself; look whether its signer runs."
      ) : (
        <>
          Whoever has its keys signs it anew: <code>{renewCommand(name)}</code>
        </>
      )}
    </Warning>
  );
}

function Warning({
  status: { tone, shape },
  children,
}: {
  readonly status: Pick<Status, "tone" | "shape">;
  readonly children: ReactNode;
}) {
  return (
    <li
      className={`flex items-start gap-2 rounded-lg px-3 py-2 ${TONE_TINT[tone]} ${TONE_TEXT[tone]}`}
    >
      <span className="mt-0.5 shrink-0">
        <Shape name={shape} />
      </span>
      <span className="min-w-0">{children}</span>
    </li>
  );
}
