import type { Release } from "./release.fixture.ts";
import type { Scene, SceneOptions } from "./scene.fixture.ts";

/**
 * Who attacks. `evil-server` has taken over the server with every key that it holds: instruction, snapshot, timestamp, TLS,
 * and its database and files. `network` sits between device and server and holds no key, like whoever brings a stick. Some
 * rows say in their sentence which offline keys were stolen beside that.
 */
type Attacker = "evil-server" | "network";

interface Row {
  /** Unique, kebab-case. */
  readonly name: string;
  readonly attacker: Attacker;
  /** Rows of the checklist of known failures (docs/proof/attack.md) that this is a test for. */
  readonly checklist: readonly number[];
  /** What is done to the device, as the subject of a sentence that ends in "is refused". */
  readonly says: string;
  /** The rule that must refuse it, as the agent names it in its log or report. */
  readonly rule: string;
  readonly scene?: SceneOptions;
  /** The twin gets a device of its own, because what the attacker did is meant to last. Otherwise it follows on the same one. */
  readonly hasTwinOfItsOwn?: boolean;
}

/** Something is to be installed that must not be. */
interface InstallAttack extends Row {
  readonly kind: "install";
  /**
   * Sets everything up and makes the offer, of which the evil half differs from its honest twin in one thing. Returns what
   * the device runs if it is taken in.
   */
  readonly act: (scene: Scene, isEvil: boolean) => Promise<Release>;
}

/** Something is to be kept from the device. It cannot be made to come, but the device must notice. */
interface FreezeAttack extends Row {
  readonly kind: "freeze";
  /** The longest that it can go unnoticed, for people. */
  readonly bound: string;
  /** As for an installation; the evil half keeps the release from the device for longer than the bound. */
  readonly act: (scene: Scene, isEvil: boolean) => Promise<Release>;
  /** Whether the device says by now that it is kept from news. */
  readonly isNoticed: (scene: Scene) => Promise<boolean>;
}

/** The device is to be made unable to be updated ever again. What was refused or believed must leave nothing behind. */
interface DenialAttack extends Row {
  readonly kind: "denial";
  /** The evil half does the damage, and ends when it is done; the honest half is the update that must come after it. */
  readonly act: (scene: Scene, isEvil: boolean) => Promise<Release>;
}

export type Attack = InstallAttack | FreezeAttack | DenialAttack;

/** What came of one row. */
export interface RowResult {
  readonly name: string;
  readonly attacker: Attacker;
  readonly kind: Attack["kind"];
  readonly checklist: readonly number[];
  readonly says: string;
  readonly outcome:
    | "refused"
    | "installed"
    | "noticed"
    | "unnoticed"
    | "recovered"
    | "stuck"
    | "unclear";
  /** The rule that refused it; null when none did. */
  readonly rule: string | null;
  /** What came of the honest twin. */
  readonly twin: "installed" | "refused" | null;
  /** How long a freeze can last. */
  readonly bound?: string;
  readonly seconds: number;
  /** What went otherwise than it should. */
  readonly trouble?: string;
}
