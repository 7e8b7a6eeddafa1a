import { ArtifactError } from "@moult/artifact";
import { InvariantError } from "@moult/base";
import { ApiProblem, ClientError } from "@moult/client";
import { plainText } from "../terminal/plain-text.ts";
import { CliError } from "./cli-error.ts";
import { describeArtifactError } from "./describe-artifact-error.ts";
import { describeConnection } from "./describe-connection.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** An error as a person is told of it. */
export interface ErrorDescription {
  readonly sentence: string;
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly requestId?: string;
  readonly hint?: string | undefined;
  /** One line each. */
  readonly notes: readonly string[];
}

export function describeError(error: unknown, signal: AbortSignal): ErrorDescription {
  if (signal.aborted)
    return { sentence: "Stopped.", code: "interrupted", exitCode: EXIT.interrupted, notes: [] };
  if (error instanceof CliError) {
    const { sentence, code, hint } = error;
    return { sentence: plainText(sentence), code, hint, exitCode: exitCodeOf(code), notes: [] };
  }
  if (error instanceof ApiProblem) return describeProblem(error);
  if (error instanceof ClientError) return describeClientError(error);
  if (error instanceof ArtifactError) {
    // The file could not be read: what it would have been an artifact of does not matter.
    if (error.code === "source-failed" && isOfFile(error.cause))
      return describeError(error.cause, signal);
    return { ...describeArtifactError(error), exitCode: EXIT.failed, notes: [] };
  }
  return describeOther(error);
}

function exitCodeOf(code: string): ExitCode {
  if (code === "usage") return EXIT.usage;
  if (code === "timed-out") return EXIT.timeout;
  return [
    "not-signed-in",
    "unauthenticated",
    "credentials-wrong",
    "forbidden",
    "peer-refused",
  ].includes(code)
    ? EXIT.denied
    : EXIT.failed;
}

const PROBLEM_HINTS: Readonly<Record<string, string>> = {
  unauthenticated: "Sign in with `moult login`; an API key may have expired or been deleted.",
  forbidden: "`moult whoami` shows your role.",
  "setup-done": "Sign in with `moult login`.",
  "artifact-unsigned": "Sign it with `moult artifact sign --key FILE`.",
  "artifact-signature-invalid": "`moult product show` tells which keys the product takes.",
  "upload-limit": "`moult upload list` shows yours.",
  unavailable: "Try again in a moment.",
  "signer-unavailable": "Try again in a moment.",
  "too-many-requests": "Wait a little and try again.",
};

function describeProblem(problem: ApiProblem): ErrorDescription {
  const { code, title, detail, requestId, issues } = problem;
  return {
    // Where the detail is about this case alone, the title says what the case is.
    sentence: plainText(code === "setup-code-wrong" ? `${title}. ${detail}` : detail),
    code: plainText(code),
    exitCode: exitCodeOf(code),
    requestId: plainText(requestId),
    hint: PROBLEM_HINTS[code],
    notes: issues
      .map(({ path, message }) => plainText(`${path}: ${message}`))
      .filter((note) => note !== plainText(detail)),
  };
}

function describeClientError(error: ClientError): ErrorDescription {
  const { code, context } = error;
  const of = (name: string): string => plainText(wordOf(context[name]));
  const described = { code, exitCode: exitCodeOf(code), notes: [] };
  switch (code) {
    case "server-unreachable":
      return { ...described, ...describeConnection(of("server"), error.cause) };
    case "timed-out":
      return { ...described, sentence: "The server did not answer in time." };
    case "redirected":
      return {
        ...described,
        sentence: `The server sends elsewhere: ${of("location") || of("url")}.`,
        hint: "Use that address: `moult login ADDRESS`.",
      };
    case "reply-invalid":
      return {
        ...described,
        sentence:
          context["status"] === undefined
            ? `The server's answer to ${of("operation")} is not one that this version of moult knows.`
            : `Not a Moult server: it answered with status ${of("status")} and ${of("contentType") || "no content type"}.`,
        hint: "Check the address, and whether server and command line are of the same version.",
        notes: [context["issues"] ?? []].flat().map((issue) => plainText(wordOf(issue))),
      };
    case "request-invalid":
      return { ...described, sentence: `"${of("value")}" cannot be a ${of("name")}.` };
    case "content-length-wrong":
      return { ...described, sentence: "The file changed while it was uploaded." };
    case "content-unreadable":
      return {
        ...described,
        sentence: "The file changed while it was uploaded, or can no longer be read.",
      };
    case "content-changed":
      return {
        ...described,
        sentence: "The content changed on the server while it was downloaded.",
      };
    case "download-incomplete":
    case "upload-incomplete":
      return {
        ...described,
        sentence: "The connection broke again and again.",
        hint: "Run the same command again: it goes on where it stopped.",
      };
  }
}

/** What an error's context holds is text or a number where it is shown. */
const wordOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

const FILE_SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: "There is no",
  EEXIST: "There is already",
  EACCES: "No permission for",
  EPERM: "No permission for",
  EISDIR: "This is a folder:",
  ENOTDIR: "This is not a folder:",
  ENOSPC: "The disk is full:",
  EROFS: "The disk is read-only:",
};

const isOfFile = (cause: unknown): boolean =>
  cause instanceof CliError || (cause instanceof Error && "path" in cause);

function describeOther(error: unknown): ErrorDescription {
  const { code, path } = error as { readonly code?: unknown; readonly path?: unknown };
  const start = typeof code === "string" ? FILE_SENTENCES[code] : undefined;
  if (start !== undefined && typeof path === "string")
    return {
      sentence: plainText(`${start} ${path}.`),
      code: String(code),
      exitCode: EXIT.failed,
      notes: [],
    };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    sentence:
      error instanceof InvariantError
        ? `Something that must always hold did not: ${error.message}.`
        : "Something unforeseen happened.",
    code: "internal",
    exitCode: EXIT.failed,
    hint: "This is a mistake in moult; please report it with these lines.",
    notes: stack.split("\n").slice(0, 12).map(plainText),
  };
}
