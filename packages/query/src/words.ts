const KEYWORDS: ReadonlySet<string> = new Set(["AND", "OR", "NOT"]);

export const isKeyword = (word: string): boolean => KEYWORDS.has(word);

/** A value runs to the next blank, comma or parenthesis; these are signs of their own, or begin or escape something. */
export const VALUE_WORD = /[^\s(),"'\\=<>!]+/uy;
/** A part of a name; the dots between parts belong to the name. */
export const NAME_WORD = /[\p{L}\p{N}_][\p{L}\p{N}_-]*(?:\.[\p{L}\p{N}_][\p{L}\p{N}_-]*)*/uy;

/** Whether it says the same without quotes. */
export const isPlainValue = (text: string): boolean =>
  isWhole(VALUE_WORD, text) && !text.startsWith(":") && !isKeyword(text);
export const isPlainName = (text: string): boolean => isWhole(NAME_WORD, text) && !isKeyword(text);

function isWhole(word: RegExp, text: string): boolean {
  word.lastIndex = 0;
  return word.exec(text)?.[0] === text;
}

/** As both databases can keep it and people can see it; what devices report is made so before it is stored. */
export const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();
