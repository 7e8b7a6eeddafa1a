import fc from "fast-check";
import { expect, test } from "vitest";
import { plainText, visibleParts } from "./visible-text.ts";

const shown = (text: string, keeps?: "lines"): string =>
  visibleParts(text, keeps)
    .map((part) => (part.isHidden ? `[${part.text}]` : part.text))
    .join("");

test.each([
  ["pump-0042", "pump-0042"],
  ["a\u202egpj.exe", "a[U+202E]gpj.exe"],
  ["bell\u0007", "bell[\u2407]"],
  ["zero\u200bwidth", "zero[U+200B]width"],
  ["\ufeffmark", "[U+FEFF]mark"],
  ["two\nlines", "two[\u240a]lines"],
  ["del\u007f", "del[\u2421]"],
  ["family 👨‍👩‍👧 and 👩🏽‍🚀", "family 👨‍👩‍👧 and 👩🏽‍🚀"],
  ["joined\u200dletters", "joined[U+200D]letters"],
  ["עברית", "עברית"],
  ["", ""],
])("%j is shown as %j", (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test("a note keeps its lines", () => {
  expect(shown("one\n\ttwo\r", "lines")).toBe("one\n\ttwo[\u240d]");
});

test("nothing that cannot be seen is left in the parts that are shown as they are", () => {
  const joinedEmoji = /\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?\u200d/gu;
  const hidden = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) =>
      visibleParts(text).every(
        (part) => part.isHidden || !hidden.test(part.text.replaceAll(joinedEmoji, "")),
      ),
    ),
  );
});

test("a title is cut at a whole character", () => {
  expect(plainText("😀".repeat(100), 5)).toBe("😀😀😀😀…");
  expect(plainText("a\u202eb")).toBe("a\ufffdb");
});
