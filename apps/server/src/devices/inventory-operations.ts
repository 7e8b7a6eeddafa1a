import type { ProductName } from "@moult/model";
import type { Handlers } from "../platform/operation-handler.ts";
import { othersTurn } from "../platform/others-turn.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productNames } from "../products/index.ts";
import { attributeValues, countAttribute, nextAttributeName } from "./inventory-queries.ts";

export type InventoryHandlers = Handlers<"listInventoryNames" | "listInventoryValues">;

const NAMES_SHOWN_MAX = 200;
/** Names are the devices' own words: a device that invents new ones must not make this an endless walk. */
const NAMES_COUNTED_MAX = 1_000;
const VALUES_SHOWN_MAX = 50;

export function createInventoryHandlers(): InventoryHandlers {
  return {
    listInventoryNames: async ({ db }, { query: { product } }) => {
      const deviceCounts = new Map<string, number>();
      for (const each of product === undefined ? await productNames(db) : [product])
        await countNames(db, each, deviceCounts);
      return {
        items: [...deviceCounts]
          .map(([name, deviceCount]) => ({ name, deviceCount }))
          .toSorted(
            (left, right) =>
              right.deviceCount - left.deviceCount || (left.name < right.name ? -1 : 1),
          )
          .slice(0, NAMES_SHOWN_MAX),
      };
    },

    listInventoryValues: async ({ db }, { query: { name, product, search } }) => ({
      items: await attributeValues(
        db,
        product === undefined ? await productNames(db) : [product],
        storableText(name),
        search,
        VALUES_SHOWN_MAX,
      ),
    }),
  };
}

/** Name by name, so that a large fleet's count holds nobody up. */
async function countNames(
  db: TenantDb,
  product: ProductName,
  deviceCounts: Map<string, number>,
): Promise<void> {
  let name = await nextAttributeName(db, product, "");
  for (let names = 0; name !== undefined && names < NAMES_COUNTED_MAX; names += 1) {
    const count = await countAttribute(db, product, name);
    deviceCounts.set(name, (deviceCounts.get(name) ?? 0) + count);
    await othersTurn();
    name = await nextAttributeName(db, product, name);
  }
}
