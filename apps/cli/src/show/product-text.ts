import type { Product } from "@moult/model";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const PRODUCT_COLUMNS: readonly Column<Product>[] = [
  { title: "NAME", text: ({ name }) => name },
  { title: "TITLE", text: ({ title }) => title },
  {
    title: "SIGNATURE",
    text: ({ requireSignature }) => (requireSignature ? "required" : "optional"),
  },
  { title: "KEYS", text: ({ artifactKeys }) => String(artifactKeys.length), isNumber: true },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
];

export const productText = (product: Product): string =>
  factsText([
    ["Product", product.name],
    ["Title", product.title === "" ? undefined : product.title],
    ["Signature", product.requireSignature ? "required" : "optional"],
    [
      "Artifact keys",
      product.artifactKeys.length === 0 ? "none" : product.artifactKeys.join("\n").trim(),
    ],
    ["Created", timeText(product.createdAt)],
  ]);
