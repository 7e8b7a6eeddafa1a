import { expect, test } from "vitest";
import { fitText, padText, plainLines, plainText, textWidth } from "./plain-text.ts";

test("text of others cannot control the terminal", () => {
  expect(plainText("a\u001b[31mb\nc\u0007\u009b2J\u007f")).toBe("a␛[31mb␊c␇�2J�");
  expect(plainText("safe \u202eevil\u2066")).toBe("safe �evil�");
  expect(plainText("Grüße, 端末 👋🏽")).toBe("Grüße, 端末 👋🏽");
});

test("text of several lines keeps its lines and tabs, and nothing else", () => {
  expect(plainLines("one\r\n\ttwo\rthree\u001b[2K")).toBe("one\n\ttwo␍three␛[2K");
});

test("width counts what a terminal shows", () => {
  expect(textWidth("abc")).toBe(3);
  expect(textWidth("端末")).toBe(4);
  expect(textWidth("e\u0301")).toBe(1);
  expect(textWidth("\u001b[31mred\u001b[39m")).toBe(3);
});

test("text that does not fit ends with an ellipsis, within the width", () => {
  expect(fitText("abcdef", 6)).toBe("abcdef");
  expect(fitText("abcdefg", 6)).toBe("abcde…");
  expect(textWidth(fitText("端末端末", 6))).toBeLessThanOrEqual(6);
});

test("padding reaches the width on either side", () => {
  expect(padText("ab", 4)).toBe("ab  ");
  expect(padText("12", 4, "left")).toBe("  12");
  expect(padText("端", 4)).toBe("端  ");
  expect(padText("long", 2)).toBe("long");
});
