import type { Log } from "@moult/base";
import type { Inventory } from "@moult/model";
import { machineAttributes } from "./machine-attributes.ts";

export interface InventoryCacheDeps {
  readonly collect: () => Promise<Inventory>;
  readonly intervalMs: number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** The inventory as last collected. Scripts may be slow, and nothing that matters waits for them. */
export interface InventoryCache {
  current(): Inventory;
  /** Collects when it is time to; returns when that is done, or at once. */
  refreshIfDue(): Promise<void>;
}

export function createInventoryCache(deps: InventoryCacheDeps): InventoryCache {
  const { collect, intervalMs, monotonicMs, log } = deps;
  let inventory: Inventory = machineAttributes();
  let collectedAtMs: number | undefined;
  let running: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    try {
      inventory = await collect();
    } catch (error) {
      log.error("inventory-failed", { error });
    } finally {
      collectedAtMs = monotonicMs();
      running = undefined;
    }
  };
  return {
    current: () => inventory,
    refreshIfDue: async () => {
      const isDue = collectedAtMs === undefined || monotonicMs() - collectedAtMs >= intervalMs;
      if (isDue) running ??= refresh();
      await running;
    },
  };
}
