import type { JsonObject } from "@moult/artifact";

/** One update of a play: what `artifact create` of the type makes, as payload files. */
export interface PlayArtifact {
  readonly name: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly metaData?: JsonObject;
}

/** What is done on the device, and what must come of it. */
export interface PlayStep {
  /** For people: what this step is. */
  readonly says: string;
  /** Shell, on the device; `moult-agent` is the agent that ships, `install N` installs the play's artifact N. */
  readonly shell: string;
  readonly exitCode?: number;
  /** Must be in what the step printed. */
  readonly prints?: string;
}

export interface ModulePlay {
  /** The checkout, and the module's path in it. */
  readonly repository: string;
  readonly path: string;
  readonly payloadType: string;
  /** The tools that the module hands its work to; a stand-in that records how it is called is named as one. */
  readonly tools: string;
  readonly artifacts: () => Promise<readonly PlayArtifact[]>;
  readonly steps: readonly PlayStep[];
}

/** Installs, and says how long that the person must decide. */
export const waits = (number: number, says = "install: waits for a decision"): PlayStep => ({
  says,
  shell: `install ${number}`,
  prints: "Try it, then",
});

export const commits: PlayStep = {
  says: "commit",
  shell: "moult-agent commit",
  prints: "This device runs",
};

export const rollsBack: PlayStep = {
  says: "rollback",
  shell: "moult-agent rollback",
  prints: "Rolled back.",
};

/** A program that writes down how it was called, for a tool that this machine does not have. */
export const standIn = (program: string): PlayStep => ({
  says: `a stand-in for ${program}`,
  shell: `printf '#!/bin/sh\\necho "$(basename "$0") $*" >> /tmp/calls\\n' > /usr/local/bin/${program}; chmod +x /usr/local/bin/${program}`,
});

export const shows = (says: string, shell: string, prints: string): PlayStep => ({
  says,
  shell,
  prints,
});

/** A module without a way back commits at once. */
export const commitsAtOnce = (number: number): PlayStep => ({
  says: "install: no way back, so committed at once",
  shell: `install ${number}`,
  prints: "This device runs",
});

export const fails = (number: number, prints: string): PlayStep => ({
  says: "install: fails",
  shell: `install ${number}`,
  exitCode: 1,
  prints,
});

export const COMMUNITY = "mender-update-modules";
