import { QueryClient } from "@tanstack/react-query";

/**
 * What the console knows of the server. Nothing is polled: entries go stale when the stream of changes says so
 * (live/live-changes.ts), and all of them when that stream was cut.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      // The client tries again by itself what may work a little later.
      retry: false,
      networkMode: "always",
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
