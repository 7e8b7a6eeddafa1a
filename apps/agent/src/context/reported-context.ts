import { BATTERY_STEP_PERCENT, type ReportedContext } from "@moult/model";
import type { DeviceContext } from "@moult/updater";

const UNKNOWN_CHARACTERS_MAX = 200;

/** What the device tells its server of its circumstances. A battery's charge is rounded down, so that it is no news each time. */
export function reportedContext(context: DeviceContext): ReportedContext {
  const { isBusy, isDriving, isMetered, isOnPower, batteryPercent, failures } = context;
  const unknown = failures.join(" ").slice(0, UNKNOWN_CHARACTERS_MAX).toWellFormed();
  return {
    ...(isBusy === null ? {} : { busy: isBusy }),
    ...(isDriving === null ? {} : { driving: isDriving }),
    ...(isMetered === null ? {} : { metered: isMetered }),
    ...(isOnPower === null ? {} : { onPower: isOnPower }),
    ...(batteryPercent === null
      ? {}
      : { batteryPercent: batteryPercent - (batteryPercent % BATTERY_STEP_PERCENT) }),
    ...(unknown === "" ? {} : { unknown }),
  };
}
