const RIGHT_TO_LEFT_OVERRIDE = "\u202e";

/** Names as somebody would choose them who wants the console to break, lie or run code; at most 128 characters. */
export const HOSTILE_NAMES = {
  markup: `<img src=x onerror="alert(1)"><script>alert(2)</script>`,
  reversed: `pump${RIGHT_TO_LEFT_OVERRIDE}dezilatrec`,
  arabic: "مضخة المياه رقم ٤٢",
  emoji: "👩‍👩‍👧‍👦 pump 🏴󠁧󠁢󠁳󠁣󠁴󠁿 Z̸̡̛͚͎̜a̶͎̤͗l̷̰̈́g̵̱̈o̷̠͝",
  controls: "pump\u0007\u001b[31m red\u007f\u200b\ufeff",
  endless: `pump-${"x".repeat(123)}`,
} as const;

/** As long as an attribute may be, without a place to break. */
const LONG_VALUE = "W".repeat(4_096);

export const HOSTILE_INVENTORY: Readonly<Record<string, string>> = {
  "<b>name</b>": HOSTILE_NAMES.markup,
  "url.javascript": "javascript:alert(3)",
  quotes: `"'\`);alert(4);//`,
  reversed: HOSTILE_NAMES.reversed,
  controls: HOSTILE_NAMES.controls,
  long: LONG_VALUE,
  lines: "one\ntwo\r\nthree\u2028four",
  empty: "",
  ["n".repeat(128)]: "a name as long as a name may be",
};

/** Ten kilobytes in one word, then lines, markup, links of which only one is one, and marks that turn the text around. */
export const HOSTILE_NOTES = [
  "y".repeat(10_000),
  HOSTILE_NAMES.markup,
  "https://example.org/changes javascript:alert(5) <a href='javascript:alert(6)'>here</a>",
  HOSTILE_NAMES.reversed,
  HOSTILE_NAMES.controls,
  HOSTILE_NAMES.emoji,
].join("\n");
