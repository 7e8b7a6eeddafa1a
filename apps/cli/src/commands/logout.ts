import { ApiProblem } from "@moult/client";
import { command } from "../command-line/command.ts";
import { clientOf, trust } from "../session/connect.ts";
import { deleteKey } from "../session/sign-in.ts";
import { readSession, removeSession } from "../session/stored-session.ts";
import { printJson } from "../show/print-json.ts";

export const logout = command({
  details:
    "Deletes the API key that `moult login` made, on the server and here. A key that was given with --api-key stays valid on the server. --local does without the server.",
  options: { local: { type: "boolean", help: "Forget the key here, and leave it on the server" } },
  example: "moult logout",
  run: async (context, { options }) => {
    const { environment, terminal, signal } = context;
    const session = await readSession(environment);
    if (session !== undefined && session.apiKeyId !== undefined && !options.local) {
      const { server, apiKey, apiKeyId, certificateAuthority } = session;
      await trust(environment, certificateAuthority);
      await forget(() =>
        deleteKey(clientOf(server, { kind: "api-key", apiKey }), apiKeyId, signal),
      );
    }
    await removeSession(environment);
    if (context.isJson) printJson(terminal, { server: session?.server ?? null });
    else
      terminal.out(
        session === undefined ? "You were not signed in." : `Signed out of ${session.server}.`,
      );
  },
});

/** A key that is no longer valid needs no deleting. */
async function forget(deleteIt: () => Promise<void>): Promise<void> {
  try {
    await deleteIt();
  } catch (error) {
    if (!(error instanceof ApiProblem && error.code === "unauthenticated")) throw error;
  }
}
