import { plainText } from "../terminal/plain-text.ts";
import type { ImportCounts, ImportedKind, ImportReport } from "./import-report.ts";

const KINDS: readonly ImportedKind[] = ["devices", "groups", "releases"];

/** The report as a person reads it. */
export function importText(report: ImportReport, isDryRun: boolean): string {
  const { counts, leftOut, unlisted, notes } = report;
  const lines = KINDS.map((kind) => `${capital(kind)}: ${countsText(counts[kind], isDryRun)}`);
  if (leftOut.length > 0) {
    lines.push("", "Left out, or not as it was there:");
    for (const { kind, name, reason } of leftOut)
      lines.push(plainText(`  ${kind.slice(0, -1)} ${name}: ${reason}`));
  }
  if (unlisted > 0) lines.push(`  and ${unlisted} more`);
  if (notes.length > 0) lines.push("", ...notes.map(plainText));
  if (isDryRun) lines.push("", "Nothing was changed: this was a dry run.");
  return lines.join("\n");
}

const countsText = ({ read, added, known, leftOut }: ImportCounts, isDryRun: boolean): string =>
  `${read} read, ${added} ${isDryRun ? "would be added" : "added"}, ${known} here already, ${leftOut} left out`;

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
