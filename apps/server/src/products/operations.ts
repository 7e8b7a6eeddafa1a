import type { Clock } from "@moult/base";
import type { Product, ProductName } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { readArtifactKeys } from "./artifact-key.ts";
import {
  insertProduct,
  lockProduct,
  productNamed,
  productsOf,
  updateProduct,
  type ProductSettings,
} from "./queries.ts";

export type ProductHandlers = Handlers<
  "listProducts" | "createProduct" | "showProduct" | "changeProduct"
>;

export function createProductHandlers({ clock }: { readonly clock: Clock }): ProductHandlers {
  return {
    listProducts: async ({ db }) => ({ items: await productsOf(db) }),

    createProduct: async ({ db }, { body: { name, ...given } }) => {
      const settings = checkedSettings({
        title: given.title ?? "",
        requireSignature: given.requireSignature ?? false,
        artifactKeys: given.artifactKeys ?? [],
      });
      const at = clock.now();
      await db.transaction(async (inner) => {
        if (!(await insertProduct(inner, name, settings, at)))
          throw new ApiError("name-taken", `There is a product "${name}" already.`);
        await appendEvent(inner, { at, body: { kind: "product-changed", product: name } });
      });
      return productOrRefusal(db, name);
    },

    showProduct: ({ db }, { params: { product } }) => productOrRefusal(db, product),

    changeProduct: async ({ db }, { params: { product }, body }) => {
      await db.transaction(async (inner) => {
        // Held before it is read: what another change sets meanwhile is not undone by this one.
        await lockProduct(inner, product);
        const before = await productOrRefusal(inner, product);
        const settings = checkedSettings({
          title: body.title ?? before.title,
          requireSignature: body.requireSignature ?? before.requireSignature,
          artifactKeys: body.artifactKeys ?? before.artifactKeys,
        });
        await updateProduct(inner, product, settings);
        await appendEvent(inner, {
          at: clock.now(),
          body: { kind: "product-changed", product },
        });
      });
      return productOrRefusal(db, product);
    },
  };
}

function checkedSettings(given: ProductSettings): ProductSettings {
  const keys = readArtifactKeys(given.artifactKeys);
  if (keys.kind === "unusable")
    throw new ApiError("invalid-request", "An artifact key cannot be used.", {
      issues: keys.issues,
    });
  if (given.requireSignature && keys.pems.length === 0)
    throw new ApiError(
      "invalid-request",
      "Signatures cannot be required without a key to verify them with; name at least one of `artifactKeys`.",
    );
  return { ...given, artifactKeys: [...keys.pems] };
}

async function productOrRefusal(db: TenantDb, name: ProductName): Promise<Product> {
  const product = await productNamed(db, name);
  if (product === undefined) throw new ApiError("not-found", `There is no product "${name}".`);
  return product;
}
