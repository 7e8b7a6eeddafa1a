// First of all that is loaded with it: the operations of the client are schemas.
import "../zod-without-eval.ts";
import { createClient } from "@moult/client";
import { hearServerDate } from "../ui/clock.ts";

/** The operator API of the server that this page came from, with the page's own session. */
export const client = createClient({
  baseUrl: window.location.origin,
  credentials: { kind: "browser" },
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    hearServerDate(response.headers.get("date"));
    return response;
  },
});
