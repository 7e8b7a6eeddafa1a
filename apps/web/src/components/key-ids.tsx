import { useState } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Foreign } from "../ui/foreign.tsx";

const SHOWN = 8;

/** As much of a key's id as tells it from others at a glance; whoever compares wants all of it. */
export const shortKeyId = (keyid: string): string => keyid.slice(0, SHOWN);

/** Ids of keys, short until somebody wants the whole of them. */
export function KeyIds({
  keyids,
  of,
}: {
  readonly keyids: readonly string[];
  /** Whose keys they are, for the screen reader. */
  readonly of: string;
}) {
  const [isWhole, setWhole] = useState(false);
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      {isWhole ? (
        <ul aria-label={`Keys of ${of}`} className="flex min-w-0 flex-col">
          {keyids.map((keyid) => (
            <li key={keyid} className="flex flex-wrap items-center gap-1">
              <span className="min-w-0 break-all">
                <Foreign text={keyid} mono />
              </span>
              <CopyButton text={keyid} what={`key id ${plainText(shortKeyId(keyid))}`} />
            </li>
          ))}
        </ul>
      ) : (
        keyids.map((keyid) => <Foreign key={keyid} text={shortKeyId(keyid)} mono />)
      )}
      <Button kind="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
        {isWhole ? "Less" : "Whole ids"}
        <span className="sr-only">
          {" "}
          of {counted(keyids.length, "key")} of {of}
        </span>
      </Button>
    </span>
  );
}
