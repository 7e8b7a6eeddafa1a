/** What a GET of a path that no other part of the server owns is answered with. */
export type PathAnswer =
  | { readonly kind: "page" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "nothing" };

/** First parts of paths that belong to programs: whoever mistypes one of them gets a problem, never a page. */
const FOREIGN = new Set(["api", "device", "download", "healthz", "readyz"]);
/** Every file of a build has such a path; dots do not begin a part, so there is neither a way up nor a hidden file. */
const FILE_PATH = /^[\w@-][\w.@-]*(?:\/[\w@-][\w.@-]*)*$/;

/**
 * The console is one page whose addresses it reads itself. `path` is decoded and has no slash at its start. Names of
 * products and versions contain dots, so a dot makes a file only where files are: in `assets/` and at the top.
 */
export function answerForPath(path: string, accept: string | undefined): PathAnswer {
  const parts = path.split("/");
  const [first = ""] = parts;
  if (FOREIGN.has(first)) return { kind: "nothing" };
  const isFile =
    path !== "index.html" && (first === "assets" || (parts.length === 1 && path.includes(".")));
  if (isFile) return FILE_PATH.test(path) ? { kind: "file", path } : { kind: "nothing" };
  // What a page loads never asks for HTML: a script whose file is gone is missing, and not a page that does not parse.
  const wantsPage = path === "" || path === "index.html" || accept?.includes("text/html") === true;
  return wantsPage ? { kind: "page" } : { kind: "nothing" };
}
