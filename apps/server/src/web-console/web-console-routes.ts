import { access } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { answerForPath } from "./answer-for-path.ts";

export interface WebConsoleOptions {
  /** Folder of the built console; it may be missing, and appear while the server runs. */
  readonly webRoot: string;
}

/**
 * Everything from this server and nothing else, no inline script, and no text that becomes a script
 * (https://www.w3.org/TR/trusted-types/). Pages set styles through the DOM, which `style-src 'self'` allows.
 */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

/** Names in `assets/` contain a digest of their content; everything else is asked for again, and mostly answered 304. */
const KEPT_FOR_EVER = "public, max-age=31536000, immutable";
const ASKED_AGAIN = "no-cache";

const NOT_BUILT = `This is a Moult server. It has no web console, because none was built:

  npm run build

in the server's checkout builds it; the server finds it without a restart. The command line does everything
that the console does: moult login ADDRESS.
`;

/** The web console's files, and its page at every address of a page. Mounted at the root, it takes what nobody else does. */
export async function webConsoleRoutes(
  app: FastifyInstance,
  { webRoot }: WebConsoleOptions,
): Promise<void> {
  await app.register(fastifyStatic, {
    serve: false,
    root: webRoot,
    suppressWarning: true,
    preCompressed: true,
    // Of what was asked for; only a file that is there gets them, a refusal is kept by nobody.
    setHeaders: (reply: FastifyReply, path: string) => {
      const isAsset = path.startsWith(join(webRoot, "assets/"));
      reply.header("cache-control", isAsset ? KEPT_FOR_EVER : ASKED_AGAIN);
      if (path.startsWith(join(webRoot, "index.html")))
        reply.header("content-security-policy", PAGE_POLICY);
    },
    cacheControl: false,
    dotfiles: "deny",
    index: false,
  });
  app.route<{ Params: { "*": string } }>({
    method: ["GET", "HEAD"],
    url: "/*",
    handler: async (request, reply) => {
      const answer = answerForPath(request.params["*"], request.headers.accept);
      switch (answer.kind) {
        case "nothing":
          return reply.callNotFound();
        case "file":
          return reply.sendFile(answer.path);
        case "page":
          return (await isThere(join(webRoot, "index.html")))
            ? reply.sendFile("index.html")
            : reply.type("text/plain; charset=utf-8").send(NOT_BUILT);
      }
    },
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
