import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

// WCAG 2.2, 1.4.3 and 1.4.11: text 4.5:1, what carries meaning 3:1. Computed from the file that the browser gets.

const css = readFileSync(new URL("../tokens.css", import.meta.url), "utf8");
const themes = [...css.matchAll(/\{([^}]*)\}/g)].map(
  ([, body = ""]) =>
    new Map(
      [...body.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
    ),
);

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TONES = ["good", "move", "wait", "warn", "bad", "quiet"];
const SURFACES = ["page", "raised", "sunk"];

const pairs: (readonly [front: string, back: string, least: number])[] = [
  ...["ink", "soft", "faint", ...TONES].flatMap((front) =>
    SURFACES.map((back) => [front, back, 4.5] as const),
  ),
  ...TONES.map((tone) => [tone, `${tone}-tint`, 4.5] as const),
  ...TONES.flatMap((tone) => ["page", "raised"].map((back) => [`${tone}-fill`, back, 3] as const)),
  ...["ink", "soft"].flatMap((front) => TONES.map((tone) => [front, `${tone}-tint`, 4.5] as const)),
  ["control", "page", 3],
  ["focus", "page", 3],
  ["on-primary", "primary", 4.5],
  ["on-danger", "danger", 4.5],
];

test.each([
  ["light", 0],
  ["dark", 1],
])("every pair of colours of the %s theme can be read", (_, index) => {
  const theme = themes[index] ?? new Map();
  const faint = pairs.flatMap(([front, back, least]) => {
    const one = theme.get(front);
    const other = theme.get(back);
    if (one === undefined || other === undefined) return [`${front} on ${back} is missing`];
    const measured = ratio(one, other);
    return measured >= least ? [] : [`${front} on ${back} is ${measured.toFixed(2)}`];
  });

  expect(faint).toEqual([]);
});
