import { join } from "node:path";
import { hex } from "@moult/base";
import { fingerprintGroups } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { AgentError } from "../agent-error.ts";
import { loadConfig, slotFolderOf } from "../config.ts";
import { openDeviceKey } from "../identity/device-key.ts";
import { installProvisioning } from "../identity/read-provisioning.ts";
import { readLinkRecord } from "../server-link/link-state.ts";
import { readFileIfPresent } from "../storage/durable-file.ts";
import { EXIT, type Command } from "./command.ts";

const GROUPS_A_LINE = 8;

export const provisionCommand: Command = {
  name: "provision",
  synopsis: "FILE [--replace]",
  summary: "tell this device whom to call and whom to trust, and make its key",
  switches: ["replace"],
  values: [],
  positionalsMin: 1,
  positionalsMax: 1,
  run: async ({ positionals, switches }, { options, print }) => {
    const loaded = await loadConfig(options);
    const { folders } = loaded;
    const [path = ""] = positionals;
    const content = await readFileIfPresent(path);
    if (content === undefined)
      throw new AgentError("provisioning-invalid", { path, problems: ["there is no such file"] });

    const source = { path, content };
    const isReplacing = switches.has("replace");
    const { provisioning, root, rootVersion } = await installProvisioning(
      source,
      folders,
      isReplacing,
    );
    // The factory writes the fingerprint down, so that the device is expected when it first calls.
    const record = await readLinkRecord(join(folders.dataDir, "link.json"));
    const key = await openDeviceKey(
      folders.identityDir,
      record?.keyFingerprint ?? undefined,
      slotFolderOf(loaded),
    );
    print(`Server       ${provisioning.server.url}`);
    print(`Product      ${provisioning.product}, ${provisioning.hardwareType}`);
    print(`Takes only   ${provisioning.pathPrefix}...`);
    // What `moult trust status` shows; whoever provisions by hand compares them.
    print(`Root         version ${rootVersion}, SHA-256 ${hex(nodeCrypto.sha256(root))}`);
    print(`Key          ${key.fingerprint}`);
    // As the console shows it, to be compared by eye.
    const groups = fingerprintGroups(key.fingerprint);
    print(`             ${groups.slice(0, GROUPS_A_LINE).join(" ")}`);
    print(`             ${groups.slice(GROUPS_A_LINE).join(" ")}`);
    return EXIT.ok;
  },
};
