import type { TrustProposalFile } from "@moult/model";
import { useState } from "react";
import { counted, exactCount } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { SIGNED_ENOUGH, SIGNED_TOO_LITTLE } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";
import { KeyIds, shortKeyId } from "./key-ids.tsx";
import type { SignerGroup } from "./proposal-signers.ts";
import type { ExplainedFile } from "./use-proposal-files.ts";

const CHANGES_SHOWN = 100;

/** One file of a proposal: what it changes, and who has signed it. */
export function ProposalFile({
  file,
  signatures,
  isOpen,
}: {
  readonly file: ExplainedFile;
  readonly signatures: TrustProposalFile["signatures"];
  /** Whether it still waits. */
  readonly isOpen: boolean;
}) {
  const { role, version, expiresAt, changes, groups } = file;
  return (
    <Panel
      title={`${role}, version ${version}`}
      aside={
        <span className="text-sm text-soft">
          ends <When at={expiresAt} />
        </span>
      }
    >
      <div className="flex flex-col gap-4">
        <Changes role={role} changes={changes} />
        <Signatures signatures={signatures} groups={isOpen ? groups : undefined} />
        {isOpen && <Missing role={role} groups={groups} />}
      </div>
    </Panel>
  );
}

const SIGNS: Readonly<Record<string, { readonly word: string; readonly className: string }>> = {
  "+": { word: "added", className: "text-good" },
  "-": { word: "removed", className: "text-bad" },
  "~": { word: "changed", className: "text-warn" },
};

function Changes({
  role,
  changes,
}: {
  readonly role: string;
  readonly changes: readonly string[];
}) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? changes : changes.slice(0, CHANGES_SHOWN);
  return (
    <section aria-label={`What changes in ${role}`} className="min-w-0">
      <h3 className="mb-1 text-sm text-soft">What changes</h3>
      {changes.length === 0 ? (
        <p className="text-soft">Nothing.</p>
      ) : (
        <ul className="flex flex-col gap-0.5 font-mono text-[0.925em]">
          {shown.map((line, index) => (
            <Change key={index} line={line} />
          ))}
        </ul>
      )}
      {changes.length > shown.length && (
        <Button onClick={() => setAll(true)}>Show all {exactCount(changes.length)} changes</Button>
      )}
    </section>
  );
}

/** The words of `describeDiff`, which the command line shows too. */
function Change({ line }: { readonly line: string }) {
  const sign = line.slice(0, 1);
  const { word, className } = SIGNS[sign] ?? { word: "", className: "" };
  return (
    <li className="flex items-start gap-2">
      <span aria-hidden="true" className={classNames("shrink-0 font-bold", className)}>
        {sign}
      </span>
      <span className="min-w-0">
        <span className="sr-only">{word}: </span>
        <Foreign text={line.slice(1).trimStart()} />
      </span>
    </li>
  );
}

function Signatures({
  signatures,
  groups,
}: {
  readonly signatures: TrustProposalFile["signatures"];
  /** Whose signatures count; undefined once nobody counts any more. */
  readonly groups: readonly SignerGroup[] | undefined;
}) {
  const counts = (keyid: string): boolean =>
    groups?.some(({ signed }) => signed.includes(keyid)) ?? true;
  return (
    <section aria-label="Signatures" className="min-w-0">
      <h3 className="mb-1 text-sm text-soft">Signatures</h3>
      {signatures.length === 0 ? (
        <p className="text-soft">None yet.</p>
      ) : (
        <ul className="flex flex-col gap-1">
          {signatures.map(({ keyid, addedBy, addedAt }) => (
            <li key={keyid} className="flex flex-wrap items-center gap-x-2">
              <Foreign text={shortKeyId(keyid)} mono />
              <span className="text-soft">
                sent by <Foreign text={addedBy} /> <When at={addedAt} />
                {!counts(keyid) && ", not one of the keys that may sign"}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Missing({
  role,
  groups,
}: {
  readonly role: string;
  readonly groups: readonly SignerGroup[];
}) {
  if (groups.length === 0)
    return (
      <p className="text-warn">
        Nobody may sign it: neither what is published nor this proposal names keys for it.
      </p>
    );
  return groups.map(({ threshold, signed, missing, needed }, index) => (
    <div key={index} className="flex flex-col gap-1">
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge status={needed === 0 ? SIGNED_ENOUGH : SIGNED_TOO_LITTLE} />
        <span>
          {groups.length > 1 && (index === 0 ? "Keys of the root before: " : "Keys of this root: ")}
          {signed.length} of {counted(signed.length + missing.length, "key")} signed, {threshold}{" "}
          must.
        </span>
      </span>
      {needed > 0 && (
        <span className="flex flex-wrap items-center gap-x-2 text-soft">
          <span>Could sign: </span>
          <KeyIds keyids={missing} of={`${role} that have not signed`} />
        </span>
      )}
    </div>
  ));
}
