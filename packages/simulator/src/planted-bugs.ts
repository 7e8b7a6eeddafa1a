import {
  BOOT_COPY_NAMES,
  createFileBootControl,
  createStateStore,
  decodeBootCopy,
  encodeBootCopy,
  writeDurably,
  type BootChoice,
  type BootControl,
  type Files,
  type StateStore,
} from "@moult/agent-core";
import type { Invariant } from "./invariants.ts";
import { PLANTED_BRAINS } from "./planted-brains.ts";
import { PLANTED_IN_SLOTS, slots } from "./planted-slots.ts";
import { openReports } from "./reports.ts";
import { openCounter } from "./security-counter.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";

/** A mistake that somebody could make, put in the place of what ships: a simulator that does not see it proves nothing. */
export interface PlantedBug {
  readonly name: string;
  /** By which it may be caught. */
  readonly expected: readonly Invariant[];
  readonly shipped: Shipped;
  /** A world in which it is found; the first one, unless worlds have changed since. */
  readonly seed: number;
}

const nothing = (): Promise<void> => Promise.resolve();

/** Bugs in how the state is kept. */
const KEEPING: readonly PlantedBug[] = [
  {
    name: "the state file is not synced (missing fsync)",
    seed: 0,
    expected: ["a-saved-state-can-be-read"],
    shipped: storing((files) => ({ ...files, sync: nothing })),
  },
  {
    name: "the folder is not synced after the rename",
    seed: 84,
    expected: [
      "outcomes-are-true",
      "no-release-is-applied-twice",
      "reports-keep-their-number",
      "a-saved-state-can-be-read",
      "server-and-device-agree",
    ],
    shipped: storing((files) => ({ ...files, syncNames: nothing })),
  },
  {
    name: "the state is written in place",
    seed: 1,
    expected: ["a-saved-state-can-be-read"],
    shipped: storing((files) => inPlace(files)),
  },
  {
    name: "the state is written after acting",
    seed: 97,
    expected: [
      "outcomes-are-true",
      "no-release-is-applied-twice",
      "reports-keep-their-number",
      "server-and-device-agree",
    ],
    shipped: { ...SHIPPED, createStateStore: (deps) => lateStore(createStateStore(deps)) },
  },
  {
    name: "a state that could not be saved is acted on",
    seed: 473,
    expected: [
      "outcomes-are-true",
      "no-release-is-applied-twice",
      "server-and-device-agree",
      "reports-keep-their-number",
      "every-run-settles",
    ],
    shipped: {
      ...SHIPPED,
      createStateStore: (deps) => {
        const store = createStateStore(deps);
        return { ...store, save: (state) => store.save(state).catch(() => undefined) };
      },
    },
  },
  {
    name: "an end that was told is forgotten, by the state and by the reports",
    seed: 1,
    expected: ["no-release-is-applied-twice", "reports-keep-their-number"],
    shipped: {
      ...SHIPPED,
      openReports: async (files) => ({
        ...(await openReports(files)),
        repeatFinished: () => Promise.resolve(false),
      }),
      brain: {
        ...SHIPPED.brain,
        next: (state, event, facts) => {
          const after = SHIPPED.brain.next(state, event, facts);
          return after.kind === "idle" ? { ...after, lastAssignment: null } : after;
        },
      },
    },
  },
  {
    name: "a newer agent writes into the older one's state file",
    seed: 5,
    expected: ["a-saved-state-can-be-read"],
    shipped: {
      ...SHIPPED,
      createStateStore: (deps) =>
        createStateStore(
          deps.codec === undefined ? deps : { ...deps, codec: { ...deps.codec, version: 1 } },
        ),
    },
  },
  {
    name: "an end without a commit is not left to the older agent",
    seed: 6845,
    expected: ["outcomes-are-true"],
    shipped: storing((files) => ({
      ...files,
      read: (name) => (name.includes(".end.") ? Promise.resolve(undefined) : files.read(name)),
    })),
  },
  {
    name: "the security counter is not saved",
    seed: 26,
    expected: ["the-security-counter-never-sinks"],
    shipped: {
      ...SHIPPED,
      openCounter: async (copies) => ({ ...(await openCounter(copies)), raise: nothing }),
    },
  },
  {
    name: "the security counter is kept on the data partition alone",
    seed: 1483,
    expected: ["the-security-counter-never-sinks"],
    shipped: { ...SHIPPED, openCounter: (copies) => openCounter(copies.slice(0, 1)) },
  },
];

/** Bugs in the boot environment and in the bootloader. */
const BOOTING: readonly PlantedBug[] = [
  {
    name: "the boot environment is replaced by a rename",
    seed: 1,
    expected: ["the-environment-parses"],
    shipped: { ...SHIPPED, createBootControl: ({ files, booted }) => renaming(files, booted) },
  },
  {
    name: "the boot environment is not synced",
    seed: 6,
    expected: ["the-environment-parses", "the-only-way-back-is-kept", "trials-are-bounded"],
    shipped: {
      ...SHIPPED,
      createBootControl: (deps) =>
        createFileBootControl({ ...deps, files: { ...deps.files, sync: nothing } }),
    },
  },
  {
    name: "one copy of the boot environment is used",
    seed: 45,
    expected: ["the-environment-parses", "outcomes-are-true", "a-whole-system-starts"],
    shipped: {
      ...SHIPPED,
      createBootControl: (deps) => createFileBootControl({ ...deps, files: onOneCopy(deps.files) }),
      firmware: {
        ...SHIPPED.firmware,
        plan: (read) =>
          SHIPPED.firmware.plan((name) =>
            read(name === BOOT_COPY_NAMES[1] ? BOOT_COPY_NAMES[0] : name),
          ),
      },
    },
  },
  {
    name: "a commit that was cut off stays in one copy of the boot environment",
    seed: 12473,
    expected: ["outcomes-are-true"],
    shipped: slots({}, undefined, { settle: nothing }),
  },
  {
    name: "the bootloader does not count starts",
    seed: 12,
    expected: ["trials-are-bounded", "every-run-settles"],
    shipped: {
      ...SHIPPED,
      firmware: {
        ...SHIPPED.firmware,
        plan: (read) => ({ ...SHIPPED.firmware.plan(read), write: null }),
      },
    },
  },
  {
    name: "the bootloader does not look whether its write worked",
    seed: 37,
    expected: ["trials-are-bounded"],
    shipped: {
      ...SHIPPED,
      firmware: { ...SHIPPED.firmware, withoutWrite: (plan) => plan },
    },
  },
];

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...KEEPING,
  ...PLANTED_IN_SLOTS,
  ...BOOTING,
  ...PLANTED_BRAINS,
];

function storing(wrong: (files: Files) => Files): Shipped {
  return {
    ...SHIPPED,
    createStateStore: (deps) => createStateStore({ ...deps, files: wrong(deps.files) }),
  };
}

/** What is to be renamed into place is written to the place itself. */
const inPlace = (files: Files): Files => {
  const target = (name: string): string => name.replace(/^\.(.*)\.new$/, "$1");
  return {
    ...files,
    write: (name, bytes) => files.write(target(name), bytes),
    sync: (name) => files.sync(target(name)),
    link: nothing,
    rename: nothing,
  };
};

/** Each state is saved when the next one comes. */
function lateStore(store: StateStore): StateStore {
  let due: (() => Promise<void>) | undefined;
  return {
    load: () => store.load(),
    save: async (state) => {
      await due?.();
      due = () => store.save(state);
    },
  };
}

/** The way that is right for programs: a file that is written aside and renamed into its place. */
function renaming(files: Files, booted: BootControl["booted"]): BootControl {
  const [name] = BOOT_COPY_NAMES;
  const read = async (): Promise<BootChoice & { readonly generation: number }> => {
    const bytes = await files.read(name);
    const found = bytes === undefined ? undefined : decodeBootCopy(bytes);
    return found ?? { good: "a", trial: null, triesLeft: 0, generation: 1 };
  };
  const become = async (choice: Partial<BootChoice>): Promise<void> => {
    const now = await read();
    // The other copy is nobody's in this scheme.
    if ((await files.list()).includes(BOOT_COPY_NAMES[1])) await files.remove(BOOT_COPY_NAMES[1]);
    const next = { ...now, ...choice, generation: now.generation + 1 };
    await writeDurably(files, name, encodeBootCopy(next));
  };
  return {
    read,
    booted,
    arm: (slot, tries) => become({ trial: slot, triesLeft: tries }),
    confirm: (slot) => become({ good: slot, trial: null, triesLeft: 0 }),
    disarm: () => become({ trial: null, triesLeft: 0 }),
    settle: nothing,
  };
}

/** Both names lead to one sector. */
function onOneCopy(files: Files): Files {
  const [first] = BOOT_COPY_NAMES;
  return {
    ...files,
    read: () => files.read(first),
    write: (_, bytes) => files.write(first, bytes),
    writeInPlace: (_, offset, bytes) => files.writeInPlace(first, offset, bytes),
    sync: () => files.sync(first),
  };
}
