import type { ReplyOf, operations } from "@moult/api";
import { releaseRuleWords, type Artifact, type Release } from "@moult/model";
import { outcomesText } from "./deployment-text.ts";
import { sizeText } from "../terminal/size-text.ts";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const RELEASE_COLUMNS: readonly Column<Release>[] = [
  { title: "RELEASE", text: ({ product, channel, version }) => `${product}/${channel}/${version}` },
  { title: "ID", text: ({ id }) => id },
  {
    title: "HARDWARE",
    text: ({ artifacts }) =>
      [...new Set(artifacts.flatMap((each) => each.hardwareTypes))].join(", "),
  },
  {
    title: "SIZE",
    text: ({ artifacts }) => sizeText(Math.max(0, ...artifacts.map((each) => each.sizeBytes))),
    isNumber: true,
  },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
];

type ShownRelease = Release & Partial<Pick<ReplyOf<typeof operations.showRelease>, Counts>>;
type Counts = "runningCount" | "fitsCount" | "outcomes";

export function releaseText(release: ShownRelease): string {
  const { runningCount, fitsCount, outcomes, notes } = release;
  const rules = releaseRuleWords(release);
  return [
    factsText([
      ["Release", `${release.product}/${release.channel}/${release.version}`],
      ["Id", release.id],
      ["Created", timeText(release.createdAt)],
      [
        "Devices",
        runningCount === undefined
          ? undefined
          : `${runningCount} run it, it fits ${fitsCount ?? 0}`,
      ],
      [
        "Deployments",
        outcomes === undefined || Object.values(outcomes).every((count) => count === 0)
          ? undefined
          : outcomesText(outcomes),
      ],
      ["Rules", rules.length === 0 ? undefined : rules.join("\n")],
      ["Notes", notes === "" ? undefined : notes],
    ]),
    ...release.artifacts.map(artifactText),
  ].join("\n\n");
}

function artifactText(artifact: Artifact): string {
  const files = artifact.payloads.flatMap(({ type, files: ofPayload }) =>
    ofPayload.map(({ name, sizeBytes }) => `${type ?? "empty"}: ${name}, ${sizeText(sizeBytes)}`),
  );
  const depends = Object.entries(artifact.depends).map(
    ([name, values]) => `${name}: ${values.join(" or ")}`,
  );
  return factsText([
    ["Artifact", artifact.id],
    ["  Hardware types", artifact.hardwareTypes.join(", ")],
    ["  Size", sizeText(artifact.sizeBytes)],
    ["  SHA-256", artifact.sha256],
    ["  Signature", artifact.signature],
    ["  Offline keys", offlineKeysText(artifact.trust)],
    ["  Depends", depends.length === 0 ? undefined : depends.join("\n")],
    ["  Scripts", artifact.scripts.length === 0 ? undefined : artifact.scripts.join("\n")],
    ["  Files", files.length === 0 ? undefined : files.join("\n")],
  ]);
}

const OFFLINE_KEYS: Readonly<Record<Artifact["trust"]["state"], string>> = {
  unsigned: "not signed: devices that verify end to end do not take it",
  proposed: "proposed, and waiting for signatures or to be published",
  published: "signed and published",
};

const offlineKeysText = ({ state, role, roleVersion }: Artifact["trust"]): string =>
  `${OFFLINE_KEYS[state]} (${role}${roleVersion === null ? "" : ` version ${roleVersion}`})`;
