import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { SetupForm } from "../forms/setup-form.tsx";
import { BarePage } from "../frame/bare-page.tsx";
import { operationQuery, useOperation } from "../server/operation-query.ts";
import { ButtonLink } from "../ui/button.tsx";
import { Answered } from "../ui/panel.tsx";

/** The first page of a new server. Afterwards nobody gets past it, and it says where to go. */
export function WelcomePage() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const answer = useOperation("showSetup");
  return (
    <BarePage title="Welcome to Moult">
      <Answered answer={answer} what="this server">
        {({ needed }) =>
          needed ? (
            <>
              <p className="mb-4 text-soft">
                This server is new. First make its administrator; six steps lead to a first update
                then.
              </p>
              <SetupForm
                onDone={(me) => {
                  queryClient.setQueryData(operationQuery("showMe").queryKey, me);
                  void navigate({ to: "/", replace: true });
                }}
              />
            </>
          ) : (
            <div className="flex flex-col items-start gap-4">
              <p className="text-soft">
                This server has its administrator already. Others sign in with the account that they
                were given.
              </p>
              <ButtonLink kind="primary" to="/sign-in">
                Sign in
              </ButtonLink>
            </div>
          )
        }
      </Answered>
    </BarePage>
  );
}
