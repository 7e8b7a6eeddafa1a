import type { ProductName } from "@moult/model";
import { useOperation } from "../server/operation-query.ts";
import { SelectField } from "../ui/field.tsx";

/** Chooses a product, or any. Whoever has one product never sees the word. */
export function ProductField({
  product,
  onChange,
}: {
  readonly product: ProductName | undefined;
  readonly onChange: (product: ProductName | undefined) => void;
}) {
  const { data } = useOperation("listProducts");
  const products = data?.items ?? [];
  if (products.length < 2 && product === undefined) return null;
  const names = products.map(({ name }) => name);
  const shown = product === undefined || names.includes(product) ? names : [...names, product];
  return (
    <SelectField
      label="Product"
      value={product ?? ""}
      choices={[
        { value: "", label: "Any product" },
        ...shown.map((name) => ({ value: name as string, label: name as string })),
      ]}
      onChange={(next) => onChange(next === "" ? undefined : (next as ProductName))}
    />
  );
}
