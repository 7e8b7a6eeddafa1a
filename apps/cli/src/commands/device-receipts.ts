import { createHash } from "node:crypto";
import type { DeviceEvidence, DeviceReceipt } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { command, type CommandContext } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { verifyEvidence, type EvidenceCheck } from "../evidence/verify-evidence.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { PAGING_OPTIONS, pagingQuery, printList, printPages } from "../show/print-list.ts";
import { plainText } from "../terminal/plain-text.ts";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<DeviceReceipt>[] = [
  { title: "RECEIVED", text: ({ receivedAt }) => timeText(receivedAt) },
  { title: "DEPLOYMENT", text: ({ deploymentId }) => deploymentId },
  { title: "TRY", text: ({ attempt }) => String(attempt), isNumber: true },
  { title: "OUTCOME", text: ({ outcome }) => outcome },
  { title: "PROVES IT", text: ({ problem }) => (problem === null ? "yes" : `no: ${problem}`) },
];

export const deviceReceipts = command({
  positionals: ["DEVICE"],
  details:
    "A receipt is what the device signed about one try of an update. --verify checks signatures, signed metadata and the audit chain here, without taking the server's word; compare the key and the root that it names with what you know of them.",
  options: {
    ...PAGING_OPTIONS,
    export: { type: "string", value: "FILE", help: "Write all the evidence as JSON" },
    verify: { type: "boolean", help: "Check it here; fails when something does not hold" },
    force: { type: "boolean", help: "Replace the file if it is there" },
  },
  example: "moult device receipts gw-17 --verify",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal, terminal, isJson } = context;
    const client = await connect(context);
    const deviceId = await lookupDevice(client, name, signal);
    if (options.export === undefined && !options.verify) {
      const query = pagingQuery(options);
      const pages = client.pages("listDeviceReceipts", { params: { deviceId }, query }, { signal });
      await printPages(context, options, pages, COLUMNS, "It has sent no receipt.");
      return undefined;
    }
    if (options.export !== undefined) await refuseExisting(options.export, options.force);
    const evidence = await client.call(
      "exportDeviceEvidence",
      { params: { deviceId } },
      { signal },
    );
    if (options.export !== undefined)
      await writeFileWhole(options.export, `${JSON.stringify(evidence, null, 1)}\n`, {
        mode: 0o644,
        mayReplace: options.force === true,
      });
    const check = options.verify ? verifyEvidence(evidence, nodeCrypto) : undefined;
    if (isJson)
      printJson(terminal, {
        file: options.export ?? null,
        receipts: evidence.receipts.length,
        check:
          check === undefined ? null : { ...check, receipts: Object.fromEntries(check.receipts) },
      });
    else {
      if (options.export !== undefined) terminal.out(plainText(`Wrote ${options.export}.`));
      if (check !== undefined) printCheck(context, evidence, check);
    }
    return check === undefined || holds(check) ? undefined : EXIT.failed;
  },
});

const holds = ({ receipts, problems }: EvidenceCheck): boolean =>
  problems.length === 0 && [...receipts.values()].every((problem) => problem === null);

function printCheck(context: CommandContext, evidence: DeviceEvidence, check: EvidenceCheck): void {
  const { terminal } = context;
  const columns = COLUMNS.map((column) =>
    column.title === "PROVES IT"
      ? {
          ...column,
          text: ({ id }: DeviceReceipt) => {
            const problem = check.receipts.get(id) ?? null;
            return problem === null ? "yes" : `no: ${problem}`;
          },
        }
      : column,
  );
  const root = evidence.metadata["1.root.json"];
  const facts = factsText([
    ["Device", evidence.device.id],
    [
      "Keys",
      evidence.device.keys.map(({ fingerprint, state }) => `${fingerprint} ${state}`).join("\n"),
    ],
    [
      "First root",
      root === undefined ? undefined : `sha256 ${createHash("sha256").update(root).digest("hex")}`,
    ],
    ["Events", `${evidence.events.length}, of which ${check.unsealed} are not sealed yet`],
    ["Audit chain", `${evidence.audit.blocks.length} blocks`],
  ]);
  const verdict = holds(check)
    ? "All of it holds."
    : ["Not all of it holds.", ...check.problems].map(plainText).join("\n");
  terminal.out(`${facts}\n`);
  const page = { items: evidence.receipts, nextCursor: null };
  printList(context, page, columns, "It has sent no receipt.");
  terminal.out(`\n${verdict}`);
}
