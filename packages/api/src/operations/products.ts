import { Product, ProductName } from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";

const params = z.object({ product: ProductName });
const settings = z.strictObject({
  title: z.string().max(128),
  requireSignature: z.boolean(),
  artifactKeys: z.array(z.string().max(4096)).max(16),
});

export const productOperations = {
  listProducts: operation({
    id: "listProducts",
    summary: "All products",
    method: "GET",
    path: "/products",
    permission: "fleet:read",
    replyKind: "json",
    reply: z.object({ items: z.array(Product) }),
    errors: [],
  }),
  createProduct: operation({
    id: "createProduct",
    summary: "Create a product",
    method: "POST",
    path: "/products",
    permission: "products:write",
    body: settings.partial().extend({ name: ProductName }),
    replyKind: "json",
    reply: Product,
    errors: ["name-taken"],
  }),
  showProduct: operation({
    id: "showProduct",
    summary: "One product",
    method: "GET",
    path: "/products/{product}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: Product,
    errors: ["not-found"],
  }),
  changeProduct: operation({
    id: "changeProduct",
    summary: "Change a product's title, signature rule or keys",
    method: "PATCH",
    path: "/products/{product}",
    permission: "products:write",
    params,
    body: settings.partial(),
    replyKind: "json",
    reply: Product,
    errors: ["not-found"],
  }),
} as const;
