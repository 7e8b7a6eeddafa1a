import { fingerprintGroups } from "@moult/model";
import { CopyButton } from "./copy-button.tsx";

const SHOWN = 12;

/** The start of a digest, and a way to copy all of it. */
export function Digest({ value, what }: { readonly value: string; readonly what: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      <code title={value}>{value.slice(0, SHOWN)}</code>
      <CopyButton text={value} what={what} />
    </span>
  );
}

/** A key's fingerprint, to be compared by eye: groups of four, in lines of eight. */
export function Fingerprint({
  value,
  isLarge = false,
}: {
  readonly value: string;
  readonly isLarge?: boolean;
}) {
  const groups = fingerprintGroups(value);
  return (
    <code
      className={`inline-grid grid-cols-4 ${isLarge ? "gap-x-4 gap-y-1 text-xl" : "gap-x-2 text-sm sm:grid-cols-8"}`}
      aria-label={`fingerprint, ${groups.length} groups: ${groups.join(" ")}`}
      role="img"
    >
      {groups.map((group, index) => (
        <span key={index}>{group}</span>
      ))}
    </code>
  );
}
