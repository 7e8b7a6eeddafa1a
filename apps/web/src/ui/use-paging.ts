import { useLocation, useNavigate, useRouter } from "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** How many pages of this list lie behind, on the back button's way. */
    pagesBehind?: number;
  }
}

/** Goes through a list by cursors that stand in the address; the back button goes back through its pages. */
export function usePaging() {
  const navigate = useNavigate();
  const router = useRouter();
  const { state, search } = useLocation();
  const behind = state.pagesBehind ?? 0;
  const cursor = (search as { readonly cursor?: string }).cursor;
  const to = (next: string | undefined, pagesBehind: number): void =>
    void navigate({
      to: ".",
      search: (before: object) => {
        const { cursor: _, ...rest } = before as { cursor?: string };
        return next === undefined ? rest : { ...rest, cursor: next };
      },
      state: { pagesBehind },
    } as never);
  return {
    cursor,
    hasPrevious: cursor !== undefined,
    /** Null when this page was come to by a link: then nobody knows how far down the list it is. */
    pagesBehind: cursor !== undefined && behind === 0 ? null : behind,
    next: (nextCursor: string) => to(nextCursor, behind + 1),
    /** To the page before; a page that was come to by a link goes to the first one. */
    previous: () => (behind > 0 ? router.history.back() : to(undefined, 0)),
  };
}
