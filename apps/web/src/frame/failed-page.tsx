import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../ui/button.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { BarePage } from "./bare-page.tsx";

/** A page that could not be shown at all: no server, or code of another version. */
export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const isOldCode = /dynamically imported module|module script/i.test(String(error));
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return isOldCode ? (
    <BarePage title="Moult was updated">
      <p className="mb-4 text-soft">This page is of the version before. Reload it to go on.</p>
      <Button kind="primary" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </BarePage>
  ) : (
    <BarePage title="This page could not be shown">
      <ProblemPanel error={error} onRetry={retry} />
    </BarePage>
  );
}
