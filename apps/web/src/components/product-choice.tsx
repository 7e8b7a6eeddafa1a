import type { ProductName } from "@moult/model";
import { SelectField } from "../ui/field.tsx";

/** Which of these products a form is about. Whoever has one product is not asked. */
export function ProductChoice({
  products,
  value,
  onChange,
}: {
  readonly products: readonly ProductName[];
  readonly value: string;
  readonly onChange: (product: ProductName) => void;
}) {
  if (products.length < 2) return null;
  return (
    <SelectField
      label="Product"
      value={value}
      choices={products.map((name) => ({ value: name as string, label: name as string }))}
      onChange={(name) => onChange(name as ProductName)}
    />
  );
}
