import type { FastifyRequest } from "fastify";
import type { ControllerPrincipal } from "../../device-session/index.ts";
import type { ClientKind, ClientWays } from "./client-kind.ts";

/** A request of a device that is known, and what its client is like. */
export interface Caller {
  readonly principal: ControllerPrincipal;
  readonly kind: ClientKind;
  readonly ways: ClientWays;
  /** The device's own addresses, as far as they are the same. */
  readonly address: string;
}

export type CallerOf = (request: FastifyRequest) => Promise<Caller>;
