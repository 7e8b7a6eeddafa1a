/** `12,431`: digits in groups of three. */
export const numberText = (count: number): string =>
  String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");

/** `1 device`, `2,608 devices`. */
export const counted = (count: number, noun: string): string =>
  `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;

/** `1 device waits`, `2,608 devices wait`. */
export const devices = (count: number, one: string, many: string): string =>
  `${counted(count, "device")} ${count === 1 ? one : many}`;
