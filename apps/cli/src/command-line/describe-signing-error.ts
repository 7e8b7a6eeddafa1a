import { unreachable } from "@moult/base";
import type { SigningError } from "@moult/signing";
import { CliError } from "./cli-error.ts";

/** What a key or a token refused, as a person is told of it. */
export function describeSigningError(error: SigningError, what: string): CliError {
  const reason = typeof error.context["reason"] === "string" ? error.context["reason"] : "";
  const because = reason === "" ? "" : `: ${reason}`;
  switch (error.code) {
    case "passphrase-wrong":
      return new CliError("file-invalid", `The passphrase does not open the ${what}.`, {
        hint: "Or the key file was changed: the two cannot be told apart.",
        cause: error,
      });
    case "key-file-invalid":
      return new CliError("file-invalid", `The file of the ${what} cannot be used${because}.`, {
        cause: error,
      });
    case "key-reference-invalid":
      return new CliError("usage", `The ${what} cannot be found${because}.`, { cause: error });
    case "key-unusable":
    case "signature-wrong":
      return new CliError("key-missing", `The ${what} does not sign as it should${because}.`, {
        cause: error,
      });
    case "token-unavailable":
    case "token-failed":
      return new CliError("key-missing", `The token of the ${what} cannot be used${because}.`, {
        cause: error,
      });
    case "command-failed":
      return new CliError("key-missing", `The command of the ${what} did not sign${because}.`, {
        cause: error,
      });
    default:
      return unreachable(error.code);
  }
}
