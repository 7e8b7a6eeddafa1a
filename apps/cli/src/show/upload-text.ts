import type { Upload } from "@moult/api";
import { sizeText } from "../terminal/size-text.ts";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

/** `uploading, 140 of 212 MB`, or what became of it. */
function stateText({ state, receivedBytes, sizeBytes, problem }: Upload): string {
  switch (state) {
    case "uploading":
      return `${state}, ${sizeText(receivedBytes)} of ${sizeText(sizeBytes)}`;
    case "verifying":
      return problem === null ? state : `${state}, waits (${problem.code})`;
    case "finished":
      return state;
    case "refused":
      return problem === null ? state : `${state} (${problem.code})`;
  }
}

const releaseText = ({ release }: Upload): string =>
  release === null ? "" : `${release.product}/${release.channel}/${release.version}`;

export const UPLOAD_COLUMNS: readonly Column<Upload>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "FILE", text: ({ fileName }) => fileName },
  { title: "FOR", text: ({ product, channel }) => `${product}/${channel}` },
  { title: "STATE", text: stateText },
  { title: "KEPT UNTIL", text: ({ expiresAt }) => timeText(expiresAt) },
];

export const uploadText = (upload: Upload): string =>
  factsText([
    ["Id", upload.id],
    ["File", `${upload.fileName}, ${sizeText(upload.sizeBytes)}`],
    ["For", `${upload.product}/${upload.channel}`],
    ["State", stateText(upload)],
    ["Release", releaseText(upload)],
    ["Problem", upload.problem === null ? "" : (upload.problem.detail ?? upload.problem.title)],
    ["Begun", timeText(upload.createdAt)],
    ["Kept until", timeText(upload.expiresAt)],
  ]);
