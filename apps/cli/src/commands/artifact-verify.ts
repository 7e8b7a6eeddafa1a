import { inspectArtifact, verifyKeyFromPem } from "@moult/artifact";
import { command } from "../command-line/command.ts";
import { fileBytes } from "../files/file-bytes.ts";
import { readPublicKeys } from "../files/read-public-key.ts";
import { artifactJson } from "../show/artifact-text.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { sizeText } from "../terminal/size-text.ts";

export const artifactVerify = command({
  positionals: ["FILE"],
  details: "Reads all of it. With --key it must be signed by one of the keys.",
  options: {
    key: { type: "string", value: "FILE", multiple: true, help: "PEM public key" },
  },
  example: "moult artifact verify gw2-1.4.0.mender --key release-key.pub.pem",
  run: async (context, { options, positionals: [file = ""] }) => {
    const { terminal, signal } = context;
    const keys = (await readPublicKeys(options.key)).map(verifyKeyFromPem);
    const summary = await inspectArtifact(
      fileBytes(file, signal),
      keys.length === 0 ? {} : { verifyKeys: keys },
    );
    if (context.isJson) {
      printJson(terminal, artifactJson(summary));
      return;
    }
    const { signature, artifactName } = summary.head;
    const trust =
      signature.kind === "verified"
        ? `signed by ${options.key[signature.keyIndex] ?? "a key given"}`
        : signature.kind === "unsigned"
          ? "not signed"
          : "signed; give --key to check by whom";
    terminal.out(
      plainText(`${file} is whole: ${artifactName}, ${sizeText(summary.sizeBytes)}, ${trust}.`),
    );
  },
});
