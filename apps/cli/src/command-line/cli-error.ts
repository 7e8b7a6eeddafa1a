import { AppError } from "@moult/base";

/**
 * What the command line itself refuses, apart from the server (`ApiProblem`), the way to it (`ClientError`) and artifacts
 * (`ArtifactError`).
 *
 * - `usage`: the command is not written as its help says.
 * - `cancelled`: the person said no.
 * - `not-signed-in`: there is no API key for this server.
 * - `not-found`, `ambiguous`: nothing, or more than one thing, has this name.
 * - `certificate-unknown`: nobody known vouches for the server's certificate.
 * - `file-exists`, `file-invalid`: a file is in the way, or is not what it should be.
 * - `digest-mismatch`: a file's bytes are not those that were expected.
 * - `trust-missing`, `trust-refused`: there is no local root of trust, or what the server has does not follow from it.
 * - `key-missing`: no key of this machine may sign it.
 * - `peer-refused`, `peer-unreachable`, `peer-invalid`: the server that is imported from does not accept who asks, is not to be
 *   had, or answers what no such server does.
 * - `timed-out`: what was watched did not end in time.
 * - `node-too-old`: this version of Node lacks what is needed.
 */
export type CliErrorCode =
  | "usage"
  | "cancelled"
  | "not-signed-in"
  | "not-found"
  | "ambiguous"
  | "certificate-unknown"
  | "file-exists"
  | "file-invalid"
  | "digest-mismatch"
  | "trust-missing"
  | "trust-refused"
  | "key-missing"
  | "peer-refused"
  | "peer-unreachable"
  | "peer-invalid"
  | "timed-out"
  | "node-too-old";

export class CliError extends AppError<CliErrorCode> {
  /** One sentence for a person. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(
    code: CliErrorCode,
    sentence: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(code, { sentence }, options);
    this.sentence = sentence;
    this.hint = options.hint;
  }
}

export const usageError = (sentence: string, hint?: string): CliError =>
  new CliError("usage", sentence, hint === undefined ? {} : { hint });
