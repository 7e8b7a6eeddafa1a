/** Words of others inside a sentence of ours: one line, and no more of it than a line holds. */
const CHARACTERS_MAX = 160;

export function clause(words: string): string {
  const line = words.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
  return line.length <= CHARACTERS_MAX
    ? line
    : `${line.slice(0, CHARACTERS_MAX).toWellFormed()}...`;
}
