import { EnrolmentTokens } from "../components/enrolment-tokens.tsx";
import { Preauthorisations } from "../components/preauthorisations.tsx";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { Answered } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

export function EnrolmentTokensPage() {
  const answer = useOperation("listProducts");
  const mayEnrol = useMay("enrolment:write");
  return (
    <div className="flex flex-col gap-4">
      <p className="text-soft">
        For one device, <TextLink to="/devices/new">one command</TextLink> does it all.
      </p>
      <Answered answer={answer} what="products" rows={4}>
        {({ items }) => {
          const products = items.map(({ name }) => name);
          const disabledReason = mayEnrol
            ? products.length === 0
              ? "there is no product yet"
              : undefined
            : "your role may not enrol devices";
          return (
            <div className="flex flex-col gap-4">
              <EnrolmentTokens products={products} disabledReason={disabledReason} />
              <Preauthorisations products={products} disabledReason={disabledReason} />
            </div>
          );
        }}
      </Answered>
    </div>
  );
}
