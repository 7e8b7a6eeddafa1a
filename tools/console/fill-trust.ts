import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { instant, present } from "@moult/base";
import type { ReleaseId, TrustProposalId } from "@moult/model";
import { newRole } from "@moult/signing";
import { words } from "../local/moult-command.ts";
import type { ConsoleServer } from "./console-server.ts";
import type { MadeProduct } from "./fill-console.ts";
import { HOSTILE_NAMES } from "./hostile-texts.ts";

/** What no offline key has signed: a release, and a proposal that waits, with a note that nobody should believe. */
export async function addUnsigned(
  { moult, client, folder }: ConsoleServer,
  { product, hardwareType }: Pick<MadeProduct, "product" | "hardwareType">,
): Promise<{ readonly releaseId: ReleaseId; readonly proposalId: TrustProposalId }> {
  const payload = join(folder, "unsigned.txt");
  await writeFile(payload, "unsigned\n");
  await moult.ok(
    words`artifact create ${payload} --type single-file --dest-dir /srv/demo --name 9.0
      --hardware-type ${hardwareType} --sign-key release-key.pem --out unsigned.mender`,
  );
  await moult.ok(words`release upload --product ${product} unsigned.mender`);
  const { items } = await client.call("listReleases", { query: { product } });
  const release = present(
    items.find(({ version }) => version === "9.0"),
    "it was uploaded",
  );
  const role = `${product}.prod`;
  const { roles } = await client.call("showTrust");
  const before = present(
    roles.find(({ name }) => name === role),
    "other releases of the product are signed",
  );
  const metadata = {
    signatures: [],
    signed: { ...newRole({}, { version: before.version + 1, now: instant(Date.now()) }) },
  };
  const { id } = await client.call("createTrustProposal", {
    body: {
      note: `Takes all of it back, says ${HOSTILE_NAMES.markup}\n${HOSTILE_NAMES.reversed}`,
      files: [{ role, metadata }],
    },
  });
  return { releaseId: release.id, proposalId: id };
}
