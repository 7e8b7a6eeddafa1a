import type { UpdateLoop } from "@moult/agent-core";
import { updateId, type Update } from "@moult/updater";
import type { Chance } from "./chance.ts";
import type { Life } from "./life.ts";
import type { Release } from "./release.ts";

type Standalone = Extract<Update, { kind: "standalone" }>;

/** Somebody at the device: installs files that the server does not know of, and answers when the device asks. */
export interface Person {
  /** Looks after the device for one run of its agent. */
  attend(life: Life, loop: UpdateLoop): Promise<void>;
  /** The device told how a file's installation ended. */
  told(id: string): void;
  /** How often the end of each was told; more than once only after an interruption. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Whether there is nothing left that they want. */
  readonly isContent: boolean;
}

export interface PersonDeps {
  readonly chance: Chance;
  /** In the order in which they are carried to the device. */
  readonly files: readonly Release[];
  readonly hasSlots: boolean;
  /** Says yes whenever asked. */
  readonly isWilling: () => boolean;
}

const LOOK_MS = 45_000;

export const fileOf = (release: Release): string => `/mnt/${release.name}.mender`;

export function createPerson({ chance, files, hasSlots, isWilling }: PersonDeps): Person {
  const outcomes = new Map<string, number>();
  const updateFor = (release: Release): Standalone => ({
    kind: "standalone",
    id: `file-${release.number}`,
    file: fileOf(release),
    isUnsignedAllowed: false,
    metadataDir: null,
  });
  const next = (): Release | undefined =>
    files.find((release) => !outcomes.has(updateId(updateFor(release))));

  return {
    attend: async (life, loop) => {
      while (!life.isOver) {
        await life.sleep(LOOK_MS);
        const state = loop.state();
        const file = next();
        if (state.kind === "idle" && file !== undefined)
          await loop.deliver({ kind: "offered", update: updateFor(file) });
        else if (state.kind === "awaiting-decision") await decide(chance, hasSlots, life, loop);
        else if ("holds" in state && state.holds.some(({ code }) => code === "consent-needed"))
          await loop.deliver({
            kind: chance.happens(isWilling() ? 1 : 0.85) ? "consented" : "declined",
          });
      }
    },
    told: (id) => void outcomes.set(id, 1),
    outcomes,
    get isContent() {
      return next() === undefined;
    },
  };
}

/** Restarts the machine, which an installation at the device leaves to them, and says yes or no, in whatever order. */
async function decide(
  chance: Chance,
  hasSlots: boolean,
  life: Life,
  loop: UpdateLoop,
): Promise<void> {
  if (hasSlots && chance.happens(0.5)) life.end("reboot");
  else
    await loop.deliver({ kind: chance.happens(0.6) ? "commit-requested" : "rollback-requested" });
}
