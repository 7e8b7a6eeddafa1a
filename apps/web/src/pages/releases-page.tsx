import { useNavigate, useSearch } from "@tanstack/react-router";
import { ProductField } from "../components/product-field.tsx";
import { ReleaseTable } from "../components/release-table.tsx";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button, ButtonLink } from "../ui/button.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 50;

export function ReleasesPage() {
  const { product, cursor } = useSearch({ from: "/frame/releases" });
  const navigate = useNavigate({ from: "/releases" });
  const paging = usePaging();
  const answer = useOperation(
    "listReleases",
    {
      query: {
        limit: PAGE,
        ...(product === undefined ? {} : { product }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  return (
    <>
      <PageHeader title="Releases" actions={<UploadLink />} />
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <ProductField
          product={product}
          onChange={(next) =>
            void navigate({ search: next === undefined ? {} : { product: next } })
          }
        />
      </div>
      <Answered answer={answer} what="releases" rows={8}>
        {({ items, nextCursor }) =>
          items.length === 0 && cursor === undefined ? (
            <NoReleases isFiltered={product !== undefined} />
          ) : (
            <>
              <ReleaseTable releases={items} />
              {(nextCursor !== null || paging.hasPrevious) && (
                <Pager
                  summary={counted(items.length, "release")}
                  paging={paging}
                  nextCursor={nextCursor}
                />
              )}
            </>
          )
        }
      </Answered>
    </>
  );
}

function UploadLink() {
  const refusal = useRefusal("releases:write");
  return refusal === undefined ? (
    <ButtonLink kind="primary" to="/releases/upload">
      Upload a release
    </ButtonLink>
  ) : (
    <Button kind="primary" disabledReason={refusal}>
      Upload a release
    </Button>
  );
}

function NoReleases({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty title="This product has no release yet">
        <TextLink to="/releases">Show the releases of all products</TextLink>
      </Empty>
    );
  return (
    <Empty title="No releases yet">
      <p>
        Upload an artifact here, or with <code>moult release upload</code>: the release is named by
        the artifact.
      </p>
    </Empty>
  );
}
