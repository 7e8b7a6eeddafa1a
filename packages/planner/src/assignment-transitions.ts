import type { AssignmentState } from "@moult/model";

/** What moves an assignment: the device's reports by their kind, and what the server does with it. */
export type AssignmentMove =
  | "downloading"
  | "installing"
  | "activating"
  | "proving"
  | "rolling-back"
  /** Give it to the device: the first time, for a next try, or after a silence. */
  | "offer"
  /** A try is over and another is allowed. */
  | "retry"
  | "close"
  /** A person gives it its tries anew. */
  | "again"
  /** A late report replaces the server's guess of how it ended. */
  | "correct";

/** `ignored`: old news, nothing changes. `refused`: whoever asks for it has a bug, or is too late. */
export type AssignmentStep = AssignmentState | "ignored" | "refused";

/** Reports arrive in order but some may be left out, so each state takes any later one and ignores earlier ones. */
const FORWARD = {
  downloading: "downloading",
  installing: "installing",
  activating: "activating",
  proving: "proving",
  "rolling-back": "rolling-back",
} as const;

const UNDER_WAY = {
  offer: "refused",
  retry: "retry-pending",
  close: "closed",
  again: "refused",
} as const;

/** The one table of an assignment's life: state by move. */
const TABLE: Readonly<Record<AssignmentState, Readonly<Record<AssignmentMove, AssignmentStep>>>> = {
  offered: { ...FORWARD, ...UNDER_WAY, correct: "refused" },
  downloading: { ...FORWARD, ...UNDER_WAY, correct: "refused" },
  installing: { ...FORWARD, ...UNDER_WAY, downloading: "ignored", correct: "refused" },
  activating: {
    ...FORWARD,
    ...UNDER_WAY,
    downloading: "ignored",
    installing: "ignored",
    correct: "refused",
  },
  proving: {
    ...FORWARD,
    ...UNDER_WAY,
    downloading: "ignored",
    installing: "ignored",
    activating: "ignored",
    correct: "refused",
  },
  "rolling-back": {
    downloading: "ignored",
    installing: "ignored",
    activating: "ignored",
    proving: "ignored",
    "rolling-back": "rolling-back",
    ...UNDER_WAY,
    correct: "refused",
  },
  "retry-pending": {
    downloading: "refused",
    installing: "refused",
    activating: "refused",
    proving: "refused",
    "rolling-back": "refused",
    offer: "offered",
    retry: "refused",
    close: "closed",
    again: "retry-pending",
    correct: "refused",
  },
  closed: {
    downloading: "refused",
    installing: "refused",
    activating: "refused",
    proving: "refused",
    "rolling-back": "refused",
    offer: "offered",
    retry: "refused",
    close: "refused",
    again: "retry-pending",
    correct: "closed",
  },
};

export const assignmentStep = (state: AssignmentState, move: AssignmentMove): AssignmentStep =>
  TABLE[state][move];

/** Whether the device has the offer and has not begun to change itself: until here it can be taken back. */
export const isBeforeInstall = (state: AssignmentState): boolean =>
  state === "offered" || state === "downloading";

/** Whether the device is in the update: it holds one of the places that `concurrentMax` allows. */
export const isUnderWay = (state: AssignmentState): boolean =>
  state !== "retry-pending" && state !== "closed";
