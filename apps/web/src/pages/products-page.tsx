import type { Product } from "@moult/model";
import { useState } from "react";
import { ProductDialog } from "../forms/product-dialog.tsx";
import { counted } from "../format/number.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import type { Status } from "../ui/status.ts";
import { Table, type Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

const SIGNED: Status = {
  word: "signed only",
  shape: "shield-check",
  tone: "good",
  sentence: "Artifacts that none of its keys signed are refused.",
};
const UNSIGNED: Status = {
  word: "signature optional",
  shape: "shield",
  tone: "warn",
  sentence: "Whoever takes over the server could install software on its devices.",
};

export function ProductsPage() {
  const answer = useOperation("listProducts");
  const mayChange = useMay("products:write");
  const [shown, setShown] = useState<Product | "new" | null>(null);
  const disabledReason = mayChange ? undefined : "your role may not change products";
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <p className="text-soft">What devices are, and who may sign for them.</p>
        <Button
          kind="primary"
          aria-haspopup="dialog"
          disabledReason={disabledReason}
          onClick={() => setShown("new")}
        >
          New product
        </Button>
      </div>
      <Answered answer={answer} what="products">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No products yet">
              <p>
                The <TextLink to="/first-steps">first steps</TextLink> make one, and the keys that
                sign for it.
              </p>
            </Empty>
          ) : (
            <Table
              caption="Products"
              columns={columnsFor(setShown, disabledReason)}
              rows={items}
              keyOf={({ name }) => name}
            />
          )
        }
      </Answered>
      {shown !== null && (
        <ProductDialog
          product={shown === "new" ? undefined : shown}
          onClose={() => setShown(null)}
        />
      )}
    </>
  );
}

const columnsFor = (
  onChange: (product: Product) => void,
  disabledReason: string | undefined,
): readonly Column<Product>[] => [
  {
    key: "name",
    title: "Product",
    cell: ({ name, title }) => (
      <span className="flex min-w-0 flex-wrap gap-x-2">
        <TextLink to="/devices" search={{ product: name }} isQuiet>
          {name}
        </TextLink>
        {title !== "" && (
          <span className="font-normal text-soft">
            <Foreign text={title} />
          </span>
        )}
      </span>
    ),
  },
  {
    key: "rule",
    title: "Signatures",
    cell: ({ requireSignature }) => <Badge status={requireSignature ? SIGNED : UNSIGNED} isPlain />,
  },
  {
    key: "keys",
    title: "Keys",
    cell: ({ artifactKeys }) =>
      artifactKeys.length === 0 ? (
        <span className="text-soft">no keys</span>
      ) : (
        counted(artifactKeys.length, "key")
      ),
  },
  {
    key: "created",
    title: "Created",
    hidden: "phone",
    cell: ({ createdAt }) => <When at={createdAt} />,
  },
  {
    key: "change",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (product) => (
      <Button
        kind="quiet"
        aria-label={`Change ${product.name}`}
        disabledReason={disabledReason}
        onClick={() => onChange(product)}
      >
        Change
      </Button>
    ),
  },
];
