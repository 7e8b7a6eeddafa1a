const EXACT_MAX = 999_999;
/** Below this a per cent says more than is known. */
const PERCENT_OF_MIN = 20;

export function count(value: number, locale?: string): string {
  if (value <= EXACT_MAX) return new Intl.NumberFormat(locale).format(value);
  return new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format(
    value,
  );
}

export const exactCount = (value: number, locale?: string): string =>
  new Intl.NumberFormat(locale).format(value);

/** "1 device", "12,431 devices". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${exactCount(value)} ${value === 1 ? one : many}`;

/** "12 devices"; "at least 20,000 devices" where no more were looked at. */
export const countedDevices = ({
  deviceCount,
  isCountExact,
}: {
  readonly deviceCount: number;
  readonly isCountExact: boolean;
}): string => `${isCountExact ? "" : "at least "}${counted(deviceCount, "device")}`;

/** Never a false 0 or 100, and no per cent of a handful. */
export function percent(part: number, whole: number, locale?: string): string {
  if (whole < PERCENT_OF_MIN) return `${exactCount(part, locale)} of ${exactCount(whole, locale)}`;
  const value = (part / whole) * 100;
  if (part > 0 && value < 0.1) return "< 0.1 %";
  if (part < whole && value > 99.9) return "> 99.9 %";
  const digits = value >= 10 || value === 0 ? 0 : 1;
  // Rounding must not say all or nothing where that is not so.
  const rounded = Number(value.toFixed(digits));
  const shown = rounded >= 100 && part < whole ? 99 : rounded;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(shown)} %`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Decimal, as disks and networks count. */
export function bytes(value: number, locale?: string): string {
  let unit = 0;
  let amount = value;
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(amount)} ${UNITS[unit] ?? "B"}`;
}
