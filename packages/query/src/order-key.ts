/** Order looks at this many characters (code points) of a text. */
const ORDERED_CHARACTERS = 64;

// Each step of a key begins with one of these; the order of their characters is the order of what they stand for.
const NEGATIVE = "0";
const NOT_NEGATIVE = "1";
const PRE_RELEASE = "2";
const END = "3";
const NUMBER = "4";
const ASCII = "5";
const BEYOND_ASCII = "6";

/**
 * A text that stands, byte by byte and in every database, in the order that versions have:
 *
 * - digits in a row are one number: 1.9 < 1.10, and 007 is 7;
 * - a part .0 at the end of a version says nothing: 1.0 = 1, 2.1.0-rc1 = 2.1-rc1;
 * - a hyphen or tilde before a letter begins a pre-release, which is below the version itself: 1.0-rc1 < 1.0 < 1.0.1;
 * - the text that ends first is the lower one; numbers are below other characters, which stand by their code point;
 * - a text that is a whole number with a minus sign is below all others, and they among each other by size: -90 < -5 < 3.
 *
 * Decimal fractions are no exception: 3.10 > 3.9, as versions have it. Only the first 64 characters count.
 */
export function orderKey(text: string): string {
  const start = Array.from(text.slice(0, 2 * ORDERED_CHARACTERS))
    .slice(0, ORDERED_CHARACTERS)
    .join("");
  const negative = /^-([0-9]+)$/.exec(start)?.[1];
  if (negative !== undefined) return NEGATIVE + inverted(counted(negative));
  return NOT_NEGATIVE + steps(start.replaceAll(/(?<=[0-9])(?:\.0+)+(?=$|[-~][A-Za-z])/g, "")) + END;
}

function steps(text: string): string {
  return text.replaceAll(
    /([0-9]+)|([-~](?=[A-Za-z]))|(.)/gsu,
    (_, digits?: string, mark?: string, other?: string) => {
      if (digits !== undefined) return NUMBER + counted(digits);
      if (mark !== undefined) return PRE_RELEASE;
      const character = other ?? "";
      const codePoint = character.codePointAt(0) ?? 0;
      return codePoint < 0x80
        ? ASCII + character
        : BEYOND_ASCII + codePoint.toString(16).padStart(6, "0");
    },
  );
}

/** Without leading zeros, after the number of its digits: the longer number is the larger. */
function counted(digits: string): string {
  const significant = digits.replace(/^0+/, "");
  return String(significant.length).padStart(2, "0") + significant;
}

const inverted = (digits: string): string =>
  digits.replaceAll(/[0-9]/g, (digit) => String(9 - Number(digit)));
