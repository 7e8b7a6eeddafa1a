import { holdsOf, type DeviceContext, type EffectOf } from "@moult/updater";
import { readContext } from "../context/read-context.ts";
import type { ExecutorDeps } from "./executor-deps.ts";

const NOTHING_KNOWN: DeviceContext = {
  isBusy: null,
  isDriving: null,
  isMetered: null,
  batteryPercent: null,
  isOnPower: null,
  holds: [],
  failures: [],
};

/** Says what holds the device, again and again until it is aborted: the updater takes what is news. */
export async function awaitReadiness(
  deps: ExecutorDeps,
  { before, update, hasConsent }: EffectOf<"await-readiness">,
  signal: AbortSignal,
): Promise<null> {
  const { limits, holdPolicy, paths, ticker, clock } = deps;
  const source = { contextDir: paths.contextDir, timeoutMs: limits.contextTimeoutMs };
  let failures = "";
  while (!signal.aborted) {
    // Whoever installs a file at the device knows the device's circumstances.
    const context =
      update.kind === "standalone" ? NOTHING_KNOWN : await readContext(source, signal);
    if (context.failures.join(" ") !== failures) {
      failures = context.failures.join(" ");
      deps.logOf(update).warn("context-unknown", { failures: context.failures });
    }
    const holds = holdsOf(before, update, holdPolicy, context, hasConsent, clock.now());
    deps.deliver({ kind: "readiness", before, holds });
    await ticker.sleep(limits.contextIntervalMs, signal);
  }
  return null;
}
