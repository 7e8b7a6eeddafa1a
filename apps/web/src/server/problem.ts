import { unreachable } from "@moult/base";
import { ApiProblem, ClientError } from "@moult/client";

/** A failure as people read it: the server's own words where it has any, and where to look in its log. */
export interface ShownProblem {
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

export function shownProblem(error: unknown): ShownProblem {
  if (error instanceof ApiProblem) {
    const { title, detail, requestId, issues } = error;
    return { title, detail: detail === title ? "" : detail, requestId, issues };
  }
  if (error instanceof ClientError) return { ...clientProblem(error), requestId: null, issues: [] };
  return {
    title: "The page did not expect this",
    detail: error instanceof Error ? error.message : String(error),
    requestId: null,
    issues: [],
  };
}

function clientProblem(error: ClientError): Pick<ShownProblem, "title" | "detail"> {
  switch (error.code) {
    case "server-unreachable":
      return {
        title: "The server cannot be reached",
        detail: "Nothing was changed by what you see here. The page connects again by itself.",
      };
    case "timed-out":
      return {
        title: "The server did not answer in time",
        detail: "Whether it acted is not known; look before you try again.",
      };
    case "reply-invalid":
      return {
        title: "The server's answer was not understood",
        detail: "Page and server may be of different versions. Reload the page.",
      };
    case "upload-incomplete":
      return {
        title: "The connection broke again and again",
        detail: "The server keeps what it has for a day. Choose the same file again to go on.",
      };
    case "content-unreadable":
      return {
        title: "The file cannot be read any more",
        detail: "It was changed or taken away while it was uploaded. Choose it again.",
      };
    case "redirected":
    case "request-invalid":
    case "content-length-wrong":
    case "content-changed":
    case "download-incomplete":
      return { title: "The request could not be made", detail: error.message };
    default:
      return unreachable(error.code);
  }
}

/** The session has ended, or never was. */
export const isSignedOut = (error: unknown): boolean =>
  error instanceof ApiProblem && error.code === "unauthenticated";

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof ApiProblem && error.code === code;

/** The address of the page names nothing: it was made up, cut short, or its object is gone. */
export const isNowhere = (error: unknown): boolean =>
  hasCode(error, "not-found") || hasCode(error, "invalid-request");
