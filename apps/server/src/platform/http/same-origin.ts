import type { FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";

/**
 * Refuses what another site made a browser send with this site's cookies. Browsers say where a request comes from in
 * `Sec-Fetch-Site`, older ones in `Origin`; programs say neither, and no site can make a browser leave both out of a
 * request that changes something.
 */
export function demandSameOrigin(request: FastifyRequest, publicUrl: string): void {
  const site = request.headers["sec-fetch-site"];
  const { origin } = request.headers;
  const isOwn =
    site === undefined
      ? origin === undefined || isOwnOrigin(origin, request, publicUrl)
      : site === "same-origin" || site === "none";
  if (isOwn) return;
  throw new ApiError(
    "forbidden",
    "The request comes from another site. Use the server's own pages, or an API key in the Authorization header.",
  );
}

function isOwnOrigin(origin: string, request: FastifyRequest, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  return origin === new URL(publicUrl).origin || origin === `${request.protocol}://${request.host}`;
}
