import type { TrustSource } from "@moult/trust";
import { AgentError, isAgentError } from "../agent-error.ts";
import type { DeviceSession } from "../server-link/device-session.ts";
import { problemError, readProblem } from "../server-link/read-problem.ts";

/**
 * Metadata as the server has them; nothing they say is believed before it is verified. "Not there" is said by the
 * protocol's code: a proxy that lost its server says 404 as well, and would hide a new root.
 */
export function serverSource(
  session: Pick<DeviceSession, "request">,
  signal: AbortSignal,
): TrustSource {
  return {
    fetch: async (file, bytesMax) => {
      const path = `/device/v1/trust/${file}`;
      let reply;
      try {
        reply = await session.request({ method: "GET", path, signal }, bytesMax);
      } catch (error) {
        // Whoever sends without end is refused for it; asking again would only get more of it.
        if (isAgentError(error, "reply-too-large")) return new Uint8Array(bytesMax + 1);
        throw error;
      }
      if (reply.kind === "not-accepted")
        throw new AgentError("request-refused", { path, code: `device-${reply.state}` });
      if (reply.kind === "problem") throw problemError(path, reply.problem);
      if (reply.status === 200) return reply.body;
      const problem = readProblem(reply);
      if (problem.status === 404 && problem.code === "not-found") return undefined;
      throw problemError(path, problem);
    },
  };
}
