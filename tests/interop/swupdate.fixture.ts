import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startLocalProcess, type LocalProcess } from "../../tools/local/local-process.ts";
import { tool } from "./ddi-server.fixture.ts";

/** A key pair with which SWUpdate's images are signed, in a folder. */
export async function makeImageKey(folder: string): Promise<void> {
  const files = ["-keyout", join(folder, "image.key"), "-out", join(folder, "image.pem")];
  const purpose = ["-subj", "/CN=test", "-addext", "extendedKeyUsage=emailProtection"];
  await tool("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...files, ...purpose]);
}

/** A signed image that puts `content` into a file of the device. */
export async function makeImage(folder: string, version: string, content: Buffer): Promise<string> {
  const place = join(folder, `image-${version}`);
  await mkdir(place, { recursive: true });
  const sha256 = createHash("sha256").update(content).digest("hex");
  await writeFile(join(place, "content"), content);
  await writeFile(
    join(place, "sw-description"),
    `software = {
      version = "${version}";
      hardware-compatibility = [ "1.0" ];
      files: ( { filename = "content"; path = "${folder}/installed/content"; type = "rawfile"; sha256 = "${sha256}"; properties: { create-destination = "true"; }; } );
    }\n`,
  );
  const signer = ["-signer", join(folder, "image.pem"), "-inkey", join(folder, "image.key")];
  const shape = ["-outform", "DER", "-nosmimecap", "-binary"];
  await tool(
    "openssl",
    ["cms", "-sign", "-in", "sw-description", "-out", "sw-description.sig", ...shape, ...signer],
    { cwd: place },
  );
  const file = `firmware-${version}.swu`;
  const names = "sw-description sw-description.sig content";
  await tool("sh", ["-c", `printf '%s\\n' ${names} | cpio -o -H crc > ${file}`], { cwd: place });
  return join(place, file);
}

export interface SwupdateOptions {
  readonly folder: string;
  readonly url: string;
  readonly controllerId: string;
  readonly token: string;
  /** PEM file of whom it believes. */
  readonly certificateFile?: string;
  /** What its attributes say that it runs. */
  readonly runs: string;
  /** As it is told after the restart: 2 the new system is well, 3 it was given up. */
  readonly confirms?: 2 | 3;
  /** The time zone that its attributes name. */
  readonly zone?: string;
}

/** Debian's SWUpdate with its daemon for hawkBit, as a device starts it. */
export async function startSwupdate({
  folder,
  url,
  controllerId,
  token,
  certificateFile,
  runs,
  confirms,
  zone = "Etc/UTC",
}: SwupdateOptions): Promise<LocalProcess> {
  const config = join(folder, `${controllerId}.cfg`);
  const authority = certificateFile === undefined ? "" : `cafile = "${certificateFile}"; `;
  await writeFile(
    config,
    `globals : { public-key-file = "${folder}/image.pem"; };
suricatta : { tenant = "DEFAULT"; id = "${controllerId}"; url = "${url}"; targettoken = "${token}"; ${authority}polldelay = 1; retry = 20; retrywait = 1; };
identify : ( { name = "sw_version"; value = "${runs}"; }, { name = "board"; value = "gw2"; }, { name = "zone"; value = "${zone}"; } );\n`,
  );
  const log = join(folder, `swupdate-${Date.now()}.log`);
  const suricatta = confirms === undefined ? "" : `-c ${confirms}`;
  const temporary = join(folder, `tmp-${controllerId}`);
  await mkdir(temporary, { recursive: true });
  const args = ["-v", "-f", config, "-H", "board:1.0", "-u", suricatta];
  return startLocalProcess("swupdate", args, { logFile: log, environment: { TMPDIR: temporary } });
}

export const installedContent = (folder: string): Promise<Buffer> =>
  readFile(join(folder, "installed/content"));
