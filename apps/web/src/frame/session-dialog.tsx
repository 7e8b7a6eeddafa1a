import { useQueryClient } from "@tanstack/react-query";
import { SignInForm } from "../forms/sign-in-form.tsx";
import type { Me } from "../server/me.ts";
import { renewSession, useIsSessionExpired } from "../server/session.ts";
import { Dialog } from "../ui/dialog.tsx";

/** Over the page when the session has ended: after signing in, the page and what was typed are still there. */
export function SessionDialog() {
  const isExpired = useIsSessionExpired();
  const queryClient = useQueryClient();
  const me = queryClient.getQueryData<Me>(["showMe", {}]);
  return (
    <Dialog isOpen={isExpired} onClose={() => undefined} title="Sign in again">
      <p className="text-soft">Your session has ended. This page and what you typed are kept.</p>
      <SignInForm
        {...(me === undefined ? {} : { email: me.email })}
        onSignedIn={(next) => {
          // Somebody else's page would show this person's rights and text.
          if (me !== undefined && next.email !== me.email) window.location.assign("/");
          else void renewSession();
        }}
      />
    </Dialog>
  );
}
