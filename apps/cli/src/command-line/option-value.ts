import { usageError } from "./cli-error.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** The whole number of an option, or undefined when it was not given. Throws `usage`. */
export function integer(
  option: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw usageError(`--${option} is a whole number from ${min} to ${max}, not "${text}".`);
}

/** The share of an option, above 0 and at most 100, with or without a percent sign. */
export function percent(option: string, text: string): number {
  const value = Number(text.replace(/\s*%$/, ""));
  if (/^[\d.]+\s*%?$/.test(text) && value > 0 && value <= 100) return value;
  throw usageError(`--${option} takes percents above 0 and up to 100, not "${text}".`);
}

/** `90`, `90s`, `15m`, `24h`, `7d`. */
export function durationSeconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SECONDS[unit] ?? 1);
  if (digits !== "" && seconds > 0) return seconds;
  throw usageError(`--${option} is a time such as 90s, 15m, 24h or 7d, not "${text}".`);
}

const UNIT_BYTES: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** `500MB`, `1.5GB`, `2TB`: powers of a thousand. */
export function sizeBytes(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?)\s?([kMGT]?)B?$/.exec(text) ?? [];
  const bytes = Math.round(Number(digits) * (UNIT_BYTES[unit] ?? 1));
  if (digits !== "" && bytes > 0) return bytes;
  throw usageError(`--${option} is a size such as 500MB, 1.5GB or 2TB, not "${text}".`);
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  option: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined;
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw usageError(`--${option} is one of ${words.join(", ")}, not "${text}".`);
}

/** `name=value` pairs. */
export function pairs(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw usageError(`--${option} takes NAME=VALUE, not "${text}".`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
