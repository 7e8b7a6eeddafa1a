import { prepareArtifact } from "@moult/artifact";
import { BARE_PAYLOAD_TYPES } from "@moult/model";
import { DESCRIPTION_OPTIONS, describeArtifact } from "../artifact/describe-artifact.ts";
import { command } from "../command-line/command.ts";
import { integer, oneOf } from "../command-line/option-value.ts";
import { SIGNING_OPTIONS, readSigner } from "../files/read-signer.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { printJson } from "../show/print-json.ts";
import { sizeText } from "../terminal/size-text.ts";
import { createTransferStatus } from "../terminal/transfer-status.ts";

export const artifactCreate = command({
  positionals: ["[FILE...]"],
  details: `Any update module's type takes FILEs as its payload. Three types make theirs:
  --type app --dir DIR           an application: the folder, a name, and how to start it
  --type directory --dir DIR     replaces the folder --dest-dir on the device
  --type single-file FILE        puts the file into --dest-dir on the device
The agent installs two more by itself, one FILE each: moult-agent (its own next version), moult-server.
Several payloads are one release: --payload FILE.json describes each further one with the names
of these options ({"type": "app", "dir": "build", "appName": "web", "command": ["./run"]}).`,
  options: {
    ...DESCRIPTION_OPTIONS,
    compression: {
      type: "string",
      value: "gz|zst|none",
      help: "gz unless told, which every client reads; none for swu, rauc and raw-file",
    },
    "compression-level": { type: "string", value: "LEVEL", help: "1 to 9 for gz, 1 to 19 for zst" },
    "sign-key": { type: "string", value: "FILE", help: "PEM private key to sign it with" },
    ...SIGNING_OPTIONS,
    out: { type: "string", value: "FILE", help: "NAME.mender unless told" },
    force: { type: "boolean", help: "Replace the file if it is there" },
  },
  example: `moult artifact create --type app --dir build --app-name web --command node --command server.js \\
  --health-url http://127.0.0.1:8080/health --name web-1.4.0 --hardware-type raspberrypi4`,
  run: async (context, { options, positionals }) => {
    const { terminal, signal } = context;
    const out = options.out ?? `${options.name}.mender`;
    const compression =
      oneOf("compression", options.compression, ["gz", "zst", "none"]) ??
      // Compressed by themselves, and clients of hawkBit's protocol take the file as it is.
      (BARE_PAYLOAD_TYPES.includes(options.type ?? "") ? "none" : "gz");
    const compressionLevel = integer("compression-level", options["compression-level"], {
      min: 1,
      max: 19,
    });
    await refuseExisting(out, options.force);
    const signKey = options["sign-key"];
    const signer =
      signKey === undefined
        ? undefined
        : await readSigner(context, signKey, options["passphrase-stdin"]);
    const description = await describeArtifact(options, positionals, signal);

    terminal.status([`Reading what goes into ${out}`]);
    const prepared = await prepareArtifact(description, {
      compression,
      ...(compressionLevel === undefined ? {} : { compressionLevel }),
      ...(signer === undefined ? {} : { signer }),
    });
    const status = createTransferStatus(terminal, out);
    async function* counted(): AsyncGenerator<Uint8Array> {
      let doneBytes = 0;
      for await (const part of prepared.bytes()) {
        signal.throwIfAborted();
        doneBytes += part.length;
        status.update(doneBytes, prepared.sizeBytes);
        yield part;
      }
    }
    await writeFileWhole(out, counted(), { mode: 0o644, mayReplace: options.force });
    status.end();
    const { artifactName } = prepared.head;
    if (context.isJson)
      printJson(terminal, { file: out, artifactName, sizeBytes: prepared.sizeBytes });
    else {
      const signed = signer === undefined ? "not signed" : "signed";
      terminal.out(`Wrote ${out}: ${artifactName}, ${sizeText(prepared.sizeBytes)}, ${signed}.`);
    }
  },
});
