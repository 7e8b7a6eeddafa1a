import { may, type Operation } from "@moult/api";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";
import type { Principal } from "../operation-handler.ts";
import { demandSameOrigin } from "./same-origin.ts";

/** What a request says about who sends it. */
export interface PresentedCredentials {
  readonly apiKey: string | undefined;
  readonly cookies: string | undefined;
  readonly clientAddress: string;
}

/** Finds out who asks; undefined for nobody. Throws `too-many-requests` for one who guesses. */
export interface Authenticator {
  principalOf(credentials: PresentedCredentials): Promise<Principal | undefined>;
}

export interface AuthoriseDeps {
  readonly authenticator: Authenticator;
  readonly publicUrl: () => string;
}

/** The one place that decides whether a request may reach its handler. */
export async function authorise(
  request: FastifyRequest,
  permission: Operation["permission"],
  { authenticator, publicUrl }: AuthoriseDeps,
): Promise<Principal | undefined> {
  const credentials = credentialsOf(request);
  if (permission === "public") {
    // Signing somebody in from another site would make him work in a stranger's account.
    if (request.method !== "GET") demandSameOrigin(request, publicUrl());
    return undefined;
  }
  const principal = await authenticator.principalOf(credentials);
  if (principal === undefined)
    throw new ApiError(
      "unauthenticated",
      "Sign in, or send an API key as `Authorization: Bearer ...`.",
    );
  if (principal.kind === "user") demandSameOrigin(request, publicUrl());
  if (!may(principal.role, permission))
    throw new ApiError("forbidden", `The role ${principal.role} does not allow ${permission}.`);
  return principal;
}

export function credentialsOf(request: FastifyRequest): PresentedCredentials {
  const { authorization, cookie } = request.headers;
  const header = request.headers["x-api-key"];
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  return {
    apiKey: bearer ?? (typeof header === "string" ? header : undefined),
    cookies: cookie,
    clientAddress: request.ip,
  };
}
