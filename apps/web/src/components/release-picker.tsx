import type { ProductName, ReleaseId } from "@moult/model";
import { useState } from "react";
import { useOperation } from "../server/operation-query.ts";
import { SelectField } from "../ui/field.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { ProductField } from "./product-field.tsx";

/** The newest releases are what people deploy; an older one is come to by its own page. */
const SHOWN_MAX = 100;

export function ReleasePicker({
  releaseId,
  onChange,
}: {
  readonly releaseId: ReleaseId | undefined;
  readonly onChange: (releaseId: ReleaseId | undefined) => void;
}) {
  const [product, setProduct] = useState<ProductName>();
  const answer = useOperation(
    "listReleases",
    { query: { limit: SHOWN_MAX, ...(product === undefined ? {} : { product }) } },
    { keepsOld: true },
  );
  const chosen = useOperation(
    "showRelease",
    { params: { releaseId: releaseId ?? "" } },
    { enabled: releaseId !== undefined },
  );
  return (
    <Answered answer={answer} what="releases" rows={1}>
      {({ items, nextCursor }) => {
        if (items.length === 0 && product === undefined && releaseId === undefined)
          return (
            <Empty title="There is no release yet">
              <TextLink to="/releases/upload">Upload a release</TextLink>
            </Empty>
          );
        const isListed = items.some(({ id }) => id === releaseId);
        const shown = isListed || chosen.data === undefined ? items : [chosen.data, ...items];
        return (
          <div className="grid gap-3 sm:grid-cols-2">
            <ProductField product={product} onChange={setProduct} />
            <SelectField
              label="Release"
              {...(nextCursor === null
                ? {}
                : { hint: "The newest ones. To deploy an older one, open its page." })}
              {...(chosen.isError ? { error: "This release does not exist any more." } : {})}
              value={releaseId ?? ""}
              choices={[
                { value: "", label: "Choose a release" },
                ...shown.map((release) => ({
                  value: release.id as string,
                  label: `${release.product} ${release.version} (${release.channel})`,
                })),
              ]}
              onChange={(next) => onChange(next === "" ? undefined : (next as ReleaseId))}
            />
          </div>
        );
      }}
    </Answered>
  );
}
