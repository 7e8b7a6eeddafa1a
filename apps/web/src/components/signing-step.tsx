import { useOperation } from "../server/operation-query.ts";
import { TextLink } from "../ui/text-link.tsx";
import { SetUpSigning } from "./set-up-signing.tsx";

/** The keys that devices will believe, made where this server cannot reach them. */
export function SigningStep() {
  const { data } = useOperation("showTrust");
  if (data?.state === "ready")
    return (
      <p className="text-soft">
        Signing is set up; <TextLink to="/settings/trust">Trust</TextLink> says who signs what.
      </p>
    );
  return (
    <>
      <SetUpSigning />
      <p className="text-soft">This step ticks itself when the root of trust is published.</p>
    </>
  );
}
