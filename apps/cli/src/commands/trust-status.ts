import { present } from "@moult/base";
import { named, review, type ReviewFinding } from "@moult/signing";
import { INSTRUCTION_FIELD, targetCustom } from "@moult/trust";
import { command, type CommandContext } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { printList } from "../show/print-list.ts";
import { expiryText, keyText } from "../show/trust-text.ts";
import { plainText } from "../terminal/plain-text.ts";
import { channelsOf, groupOf, roleNameOf } from "../trust/next-files.ts";
import { keysOf, sha256Of, type Repository } from "../trust/repository.ts";
import { openTrustSession, type TrustSession } from "../trust/trust-session.ts";

export const trustStatus = command({
  details:
    "What this machine has verified against its own root of trust: who may sign what, until when it holds, what waits for signatures.",
  options: { targets: { type: "boolean", help: "Every update that may be installed, too" } },
  example: "moult trust status",
  run: async (context, { options }) => {
    const session = await openTrustSession(context);
    const { repository, folder } = session;
    const nowMs = Date.now();
    const status = {
      folder: folder.path,
      rootVersion: repository.root.metadata.version,
      rootSha256: sha256Of(repository.rootBytes),
      anchorSha256: sha256Of(present(await folder.anchor(), "the repository was opened with it")),
      roles: rolesOf(session),
      findings: [
        ...review({
          root: repository.root.metadata,
          targets: repository.targets.metadata,
          roles: Object.fromEntries(
            [...repository.roles].map(([name, { metadata }]) => [name, metadata]),
          ),
          now: nowMs as never,
        }),
        ...(await onlineFindings(context, session, nowMs)),
      ],
      problems: repository.problems,
      proposals: await openProposals(context, session),
      ...(options.targets ? { targets: targetRows(repository) } : {}),
    };
    if (context.isJson) printJson(context.terminal, status);
    else print(context, status, nowMs);
  },
});

interface RoleRow {
  readonly name: string;
  readonly version: number | null;
  readonly expiresAt: string | null;
  readonly threshold: number;
  readonly keys: readonly string[];
  readonly targetCount: number | null;
}

interface Status {
  readonly folder: string;
  readonly rootVersion: number;
  readonly rootSha256: string;
  readonly anchorSha256: string;
  readonly roles: readonly RoleRow[];
  readonly findings: readonly Pick<ReviewFinding, "sentence">[];
  readonly proposals: readonly ProposalRow[];
  readonly targets?: readonly TargetRow[];
}

function rolesOf({ repository, keys }: TrustSession): readonly RoleRow[] {
  const { metadata: root } = repository.root;
  const row = (name: string, group: ReturnType<typeof groupOf>, targetCount: number | null) => {
    const known = repository.state.roles.find(({ role }) => role === name);
    return {
      name,
      version: known?.version ?? null,
      expiresAt: known === undefined ? null : new Date(known.expiresAt).toISOString(),
      threshold: group.threshold,
      keys: group.keys.map(({ keyid }) => keyText(keyid, keys)),
      targetCount,
    };
  };
  const instruction = { keyids: root[INSTRUCTION_FIELD]?.keyids ?? [], threshold: 1 };
  return [
    row("root", groupOf(repository, "root"), null),
    row("targets", groupOf(repository, "targets"), null),
    row("snapshot", keysOf(root.keys, root.roles.snapshot), null),
    row("timestamp", keysOf(root.keys, root.roles.timestamp), null),
    row("instruction", keysOf(root.keys, instruction), null),
    ...channelsOf(repository).map((channel) => {
      const name = roleNameOf(channel);
      const targets = repository.roles.get(name)?.metadata.targets ?? {};
      return row(name, channel, Object.keys(targets).length);
    }),
  ];
}

/** Keys of the server that root does not name: what they sign, devices do not take. */
async function onlineFindings(
  { signal }: CommandContext,
  { client, repository }: TrustSession,
  nowMs: number,
): Promise<readonly Pick<ReviewFinding, "sentence">[]> {
  const over = repository.state.roles
    .filter(({ role }) => role === "snapshot" || role === "timestamp")
    .filter(({ expiresAt }) => expiresAt <= nowMs)
    .map(({ role }) => ({
      sentence: `The ${role} has expired and the server did not renew it: devices install nothing new.`,
    }));
  const { onlineKeys } = await client.call("showTrust", {}, { signal });
  if (onlineKeys === null) return [...over, { sentence: "The server's signer does not answer." }];
  const { metadata: root } = repository.root;
  const online = await client.call("showOnlineKeys", {}, { signal });
  const keyids = {
    snapshot: root.roles.snapshot.keyids,
    timestamp: root.roles.timestamp.keyids,
    instruction: root[INSTRUCTION_FIELD]?.keyids ?? [],
  };
  const unknown = (["snapshot", "timestamp", "instruction"] as const)
    .filter((use) => !keyids[use].includes(named(online[use]).keyid))
    .map((use) => ({
      sentence: `The server signs with another ${use} key than root names: moult trust rotate ${use === "instruction" ? use : "online"}.`,
    }));
  return [...over, ...unknown];
}

interface ProposalRow {
  readonly id: string;
  readonly note: string;
  readonly createdBy: string;
  readonly roles: readonly string[];
}

async function openProposals(
  { signal }: CommandContext,
  { client }: TrustSession,
): Promise<readonly ProposalRow[]> {
  const query = { state: "open" as const };
  const { items } = await client.call("listTrustProposals", { query }, { signal });
  return items.map(({ id, note, createdBy, files }) => ({
    id,
    note,
    createdBy,
    roles: files.map(({ role }) => role),
  }));
}

interface TargetRow {
  readonly role: string;
  readonly path: string;
  readonly version: string | null;
  readonly hardwareTypes: readonly string[];
  readonly securityCounter: number | null;
}

const targetRows = ({ roles }: Repository): readonly TargetRow[] =>
  [...roles].flatMap(([role, { metadata }]) =>
    Object.entries(metadata.targets).map(([path, target]) => {
      const custom = targetCustom(target);
      return {
        role,
        path,
        version: custom?.version ?? null,
        hardwareTypes: custom?.hardwareTypes ?? [],
        securityCounter: custom?.securityCounter ?? null,
      };
    }),
  );

function print(context: CommandContext, status: Status, nowMs: number): void {
  const { terminal } = context;
  terminal.out(
    [
      `Root of trust: ${status.folder}`,
      `Root version ${status.rootVersion}, SHA-256 ${status.rootSha256}`,
      ...(status.anchorSha256 === status.rootSha256
        ? []
        : [`Verified from the root with SHA-256 ${status.anchorSha256}`]),
    ].join("\n"),
  );
  printList(
    context,
    { items: status.roles },
    [
      { title: "ROLE", text: ({ name }) => name },
      { title: "VERSION", text: ({ version }) => String(version ?? ""), isNumber: true },
      {
        title: "EXPIRES",
        text: ({ expiresAt }) => (expiresAt === null ? "" : expiryText(expiresAt, nowMs)),
      },
      { title: "NEEDS", text: ({ threshold, keys }) => `${threshold} of ${keys.length}` },
      { title: "KEYS", text: ({ keys }) => keys.join(", ") },
      { title: "UPDATES", text: ({ targetCount }) => String(targetCount ?? ""), isNumber: true },
    ],
    "There is no role.",
  );
  for (const { sentence } of status.findings)
    terminal.out(terminal.style("yellow", `Note: ${sentence}`));
  for (const { id, note, createdBy, roles } of status.proposals) {
    const why = note === "" ? "" : `: ${note}`;
    terminal.out(plainText(`Open proposal ${id} for ${roles.join(", ")} by ${createdBy}${why}`));
  }
  for (const target of status.targets ?? [])
    terminal.out(
      plainText(
        `${target.path}  counter ${target.securityCounter ?? "?"}, for ${target.hardwareTypes.join(", ")}`,
      ),
    );
}
