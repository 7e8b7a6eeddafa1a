import { Inventory } from "@moult/model";
import * as z from "zod";
import { readBody, readValue } from "./read-body.ts";

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Attributes = z
  .array(z.object({ name: z.string(), value: z.union([Scalar, z.array(Scalar)]) }))
  .max(1_000);

/** What a device says of itself; a list of values becomes one text. Throws `malformed-json` or `invalid-request`. */
export function readInventory(body: unknown): Inventory {
  const attributes = readBody(body, Attributes).map(({ name, value }) => [
    name,
    Array.isArray(value) ? value.map(String).join(", ") : String(value),
  ]);
  return readValue(Object.fromEntries(attributes), Inventory);
}
