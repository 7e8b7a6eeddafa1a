const BLOCK = /-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g;

/** Each PEM block of a text; what is none of them is one "key" too, so that the server can say what is wrong with it. */
export function splitKeys(text: string): string[] {
  const blocks = text.match(BLOCK) ?? [];
  const rest = text.replaceAll(BLOCK, "").trim();
  return [...blocks.map((block) => `${block}\n`), ...(rest === "" ? [] : [rest])];
}

export const joinedKeys = (keys: readonly string[]): string =>
  keys.map((key) => key.trim()).join("\n");
