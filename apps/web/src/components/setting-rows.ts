import type { DeviceConfiguration } from "@moult/model";

/** A setting as people want it and as the device says it is; undefined: nobody wants it, or the device does not say it. */
export interface SettingRow {
  readonly name: string;
  readonly wanted: string | undefined;
  readonly reported: string | undefined;
}

/** Those that are not as they are wanted first, then by name. */
export function settingRows({ desired, reported }: DeviceConfiguration): readonly SettingRow[] {
  const [wanted, said] = [desired?.settings ?? {}, reported?.settings ?? {}];
  const rows = [...new Set([...Object.keys(wanted), ...Object.keys(said)])]
    .toSorted()
    .map((name) => ({ name, wanted: wanted[name], reported: said[name] }));
  return [...rows.filter(isAwaited), ...rows.filter((row) => !isAwaited(row))];
}

/** It is wanted, and the device is not set so yet. */
export const isAwaited = ({ wanted, reported }: SettingRow): boolean =>
  wanted !== undefined && wanted !== reported;
