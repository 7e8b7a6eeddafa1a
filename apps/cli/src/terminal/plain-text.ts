/** Control characters, line and paragraph separators, and the marks that turn the direction of text around. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;
const CONTROLS_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;
/** Scripts and symbols that a terminal shows two columns wide. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60\uffe0-\uffe6]/u;
const NO_WIDTH = /^[\p{Mark}\p{Cf}]/u;
const ESCAPE = String.fromCharCode(27);
const STYLING = new RegExp(`${ESCAPE}\\[[0-9;]*m`, "g");

/**
 * Text from devices and other people, made harmless: an escape sequence in a name could otherwise rewrite what the
 * terminal shows, or what it types.
 */
export const plainText = (text: string): string => text.replace(CONTROLS, visible);

/** The same for text of several lines. */
export const plainLines = (text: string): string =>
  text.replace(/\r\n/g, "\n").replace(CONTROLS_BUT_LINES, visible);

function visible(control: string): string {
  const code = control.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
}

/** Columns that a terminal needs for the text; styling takes none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(STYLING, "")) width += characterWidth(character);
  return width;
}

const characterWidth = (character: string): number =>
  NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;

/** The text, or its beginning and an ellipsis, within `widthMax` columns. */
export function fitText(text: string, widthMax: number): string {
  if (textWidth(text) <= widthMax) return text;
  let kept = "";
  let width = 0;
  for (const character of text.replace(STYLING, "")) {
    width += characterWidth(character);
    if (width > widthMax - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The text and blanks behind (or before) it. */
export function padText(text: string, width: number, side: "left" | "right" = "right"): string {
  const blanks = " ".repeat(Math.max(0, width - textWidth(text)));
  return side === "right" ? text + blanks : blanks + text;
}
