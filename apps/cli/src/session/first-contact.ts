import type { Client } from "@moult/client";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import {
  fingerprintText,
  isSameFingerprint,
  presentedAuthority,
  trustOnly,
} from "./certificate-authority.ts";
import { isUntrusted } from "./is-untrusted.ts";

/**
 * Makes sure that the server can be reached and believed. Where nobody known vouches for it, a person compares the
 * fingerprint of the authority that it presents with the one that the server printed when it started.
 *
 * Returns the authority that was agreed on, if one was needed. An impostor who presents the real authority gains nothing:
 * every connection after this one is verified against it.
 */
export async function meetServer(
  context: CommandContext,
  client: Client,
  server: string,
  trustFingerprint: string | undefined,
): Promise<string | undefined> {
  const { signal } = context;
  try {
    await client.call("showSetup", {}, { signal });
    return undefined;
  } catch (error) {
    if (!isUntrusted(error)) throw error;
  }
  const authority = await presentedAuthority(server, signal);
  if (authority === undefined)
    throw new CliError(
      "certificate-unknown",
      `Nobody that this machine trusts vouches for the certificate of ${server}, and the server does not show who does.`,
      { hint: "Name the authority's certificate with --certificate-authority FILE." },
    );
  await agree(context, server, fingerprintText(authority), trustFingerprint);
  trustOnly(authority);
  await client.call("showSetup", {}, { signal });
  return authority;
}

async function agree(
  { terminal }: CommandContext,
  server: string,
  fingerprint: string,
  trustFingerprint: string | undefined,
): Promise<void> {
  if (trustFingerprint !== undefined) {
    if (isSameFingerprint(trustFingerprint, fingerprint)) return;
    throw new CliError(
      "certificate-unknown",
      `${server} presents another authority than the one to trust: its fingerprint is ${fingerprint}.`,
      { hint: "Somebody may be in between. Compare with what the server printed when it started." },
    );
  }
  if (!terminal.canAsk)
    throw new CliError(
      "certificate-unknown",
      `${server} presents an authority that this machine does not know; its fingerprint is ${fingerprint}.`,
      { hint: "Compare with what the server printed, then add --trust-fingerprint FINGERPRINT." },
    );
  terminal.err(
    `${server} presents an authority that this machine does not know. Its SHA-256 fingerprint:`,
  );
  terminal.err(`  ${fingerprint}`);
  terminal.err("Compare it with the one that the server printed when it started.");
  const answer = await terminal.ask("Is it the same? Type yes or no: ");
  if (answer.trim().toLowerCase() !== "yes")
    throw new CliError("cancelled", "The server was not trusted; nothing was stored.");
}
