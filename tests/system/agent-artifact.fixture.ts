import { prepareArtifact, payloadFileFromBytes, type ManifestSigner } from "@moult/artifact";

/** What one test artifact holds: a single file that the agent puts to a place below the device's root. */
export interface SingleFileArtifact {
  readonly artifactName: string;
  readonly destination: string;
  readonly content: Uint8Array;
  readonly signer?: ManifestSigner;
  readonly deviceType?: string;
  /** `none` is quick where there is much of it. */
  readonly compression?: "none";
}

/** A `single-file` artifact as Mender's tools make it. */
export async function singleFileArtifact(options: SingleFileArtifact): Promise<Buffer> {
  const { artifactName, destination, content, signer, deviceType = "gw2-rev-a" } = options;
  const at = destination.lastIndexOf("/");
  const text = (name: string, value: string) =>
    payloadFileFromBytes(name, Buffer.from(`${value}\n`));
  const prepared = await prepareArtifact(
    {
      artifactName,
      deviceTypes: [deviceType],
      payloads: [
        {
          type: "single-file",
          files: [
            text("dest_dir", destination.slice(0, at)),
            text("filename", destination.slice(at + 1)),
            text("permissions", "644"),
            payloadFileFromBytes(destination.slice(at + 1), content),
          ],
          hasToolDefaults: true,
        },
      ],
    },
    {
      ...(signer === undefined ? {} : { signer }),
      ...(options.compression === undefined ? {} : { compression: options.compression }),
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
