import { EnrolmentTokens } from "../components/enrolment-tokens.tsx";
import { Preauthorisations } from "../components/preauthorisations.tsx";
import { ProductsToJoin } from "../components/products-to-join.tsx";
import { TextLink } from "../ui/text-link.tsx";

export function EnrolmentTokensPage() {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-soft">
        For one device, <TextLink to="/devices/new">one command</TextLink> does it all.
      </p>
      <ProductsToJoin>
        {(products, disabledReason) => (
          <>
            <EnrolmentTokens products={products} disabledReason={disabledReason} />
            <Preauthorisations products={products} disabledReason={disabledReason} />
          </>
        )}
      </ProductsToJoin>
    </div>
  );
}
