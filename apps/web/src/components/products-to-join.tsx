import type { ProductName } from "@moult/model";
import type { ReactNode } from "react";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { Answered } from "../ui/panel.tsx";

/** The products that devices can join, and why whoever looks cannot let any in. */
export function ProductsToJoin({
  children,
}: {
  readonly children: (
    products: readonly ProductName[],
    disabledReason: string | undefined,
  ) => ReactNode;
}) {
  const answer = useOperation("listProducts");
  const mayEnrol = useMay("enrolment:write");
  return (
    <Answered answer={answer} what="products" rows={4}>
      {({ items }) => {
        const products = items.map(({ name }) => name);
        const disabledReason = mayEnrol
          ? products.length === 0
            ? "there is no product yet"
            : undefined
          : "your role may not enrol devices";
        return <div className="flex flex-col gap-4">{children(products, disabledReason)}</div>;
      }}
    </Answered>
  );
}
