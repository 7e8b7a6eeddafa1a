import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { SignInForm } from "../forms/sign-in-form.tsx";
import { BarePage } from "../frame/bare-page.tsx";
import { operationQuery } from "../server/operation-query.ts";

export function SignInPage() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  return (
    <BarePage title="Sign in">
      <SignInForm
        onSignedIn={(me) => {
          queryClient.setQueryData(operationQuery("showMe").queryKey, me);
          void navigate({ href: next ?? "/", replace: true });
        }}
      />
    </BarePage>
  );
}
