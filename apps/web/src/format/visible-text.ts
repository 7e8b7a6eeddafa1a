/**
 * What cannot be seen: controls, format characters (zero width, soft hyphens, marks that change the direction of what
 * follows), line and paragraph separators, specials. A joiner inside an emoji is part of its picture.
 */
const HIDDEN =
  /(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))[\p{Cc}\p{Cf}\u2028\u2029\ufff9-\uffff]/gu;

export interface TextPart {
  readonly text: string;
  /** A character that could not be seen, as its code point. */
  readonly isHidden: boolean;
}

/** Text from outside, cut where something invisible stands: nobody is shown less than there is. */
export function visibleParts(text: string, keeps: "nothing" | "lines" = "nothing"): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const [character] = match;
    if (keeps === "lines" && (character === "\n" || character === "\t")) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isHidden: false });
    parts.push({ text: nameOf(character), isHidden: true });
    end = match.index + character.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isHidden: false });
  return parts;
}

/** The picture of a control character (U+2400 block), else the code point. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** For document titles and accessible names, where no box can be drawn. */
export const plainText = (text: string, lengthMax = 60): string => {
  const plain = text.replaceAll(HIDDEN, "\ufffd");
  const characters = Array.from(plain);
  return characters.length <= lengthMax ? plain : `${characters.slice(0, lengthMax - 1).join("")}…`;
};
