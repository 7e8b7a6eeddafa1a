// What an update module and state scripts are called with, told from Mender's documents (update modules v3, state scripts,
// the table of what a start finds) and from nothing of this agent: an oracle for the tests that run the agent.

export type Fault =
  /** Ends with an exit code that says no. */
  | "fails"
  /** Is killed by a signal. */
  | "is-killed"
  /** Does not end within its time. */
  | "hangs"
  /** Asks to be run again later (state scripts). */
  | "asks-later"
  /** The agent is killed in it; the machine goes on. */
  | "agent-killed"
  /** The machine loses its power in it. */
  | "power-cut";

export type Reboot = "No" | "Yes" | "Automatic";

/** How an update module answers, and what goes wrong in which call. */
export interface Plan {
  readonly rollback: "Yes" | "No";
  readonly reboot: Reboot;
  readonly sizes?: "" | "Yes" | "No";
  readonly faults: Readonly<Record<string, Fault>>;
  /** The state scripts that there are; absent: all. */
  readonly scripts?: readonly string[];
  /** Each time that it is called; otherwise the first time alone. */
  readonly isForEver?: boolean;
}

export interface Story {
  readonly calls: readonly string[];
  readonly outcome: "succeeded" | "failed" | "rolled-back";
  readonly code: string | undefined;
  readonly runs: "old" | "new" | "new_INCONSISTENT";
}

/** Mender's names of what is saved before a state begins. */
type Saved =
  /** Nothing was handed to the module: a download that was interrupted is gone on with. */
  | "fetching"
  | "update-store"
  | "update-install"
  | "reboot"
  | "after-reboot"
  | "update-commit"
  | "update-after-commit"
  | "rollback"
  | "rollback-reboot"
  | "after-rollback-reboot"
  | "update-error"
  | "cleanup"
  | "done";

type Way = "forward" | "back" | "lost" | "taken-back" | "nothing-installed";

/** The agent ended in the middle. */
class Interruption extends Error {
  readonly isMachine: boolean;
  constructor(isMachine: boolean) {
    super("interrupted");
    this.isMachine = isMachine;
  }
}

export function storyOf(plan: Plan): Story {
  const story = new Storyteller(plan);
  story.tell();
  return story.story();
}

class Storyteller {
  readonly #plan: Plan;
  readonly #calls: string[] = [];
  readonly #done = new Set<string>();
  /** What outlives the agent: a failure is as good as not known until the state after it is saved. */
  #saved: { readonly state: Saved; readonly code: string | undefined; readonly way: Way } = {
    state: "fetching",
    code: undefined,
    way: "forward",
  };
  #reboot: Reboot | undefined;
  #code: string | undefined;
  #way: Way = "forward";
  #isCommitted = false;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  tell(): void {
    let go = (): void => this.#download();
    for (;;) {
      try {
        go();
        return;
      } catch (cause) {
        if (!(cause instanceof Interruption)) throw cause;
        const { isMachine } = cause;
        go = () => this.#start(isMachine);
      }
    }
  }

  story(): Story {
    const runs = this.#isCommitted ? "new" : "old";
    return {
      calls: this.#calls,
      outcome:
        this.#code === undefined
          ? "succeeded"
          : this.#way === "taken-back"
            ? "rolled-back"
            : "failed",
      code: this.#code,
      runs: this.#way === "lost" ? "new_INCONSISTENT" : runs,
    };
  }

  /** What a start finds, and what follows (section "resume after power loss" of the reference). */
  #start(isMachine: boolean): void {
    // An agent that was to reboot the machine and was only killed itself has yet to do it.
    const isRebootDue = this.#reboot === "Automatic" && !isMachine;
    this.#code = this.#saved.code;
    this.#way = this.#saved.way;
    switch (this.#saved.state) {
      case "fetching":
        return this.#download();
      case "update-store":
        this.#blame("power-lost");
        this.#way = "nothing-installed";
        return this.#cleanUp();
      case "update-install":
      case "after-reboot":
      case "update-commit":
        return this.#goBack("power-lost");
      case "reboot":
        return isRebootDue ? this.#doReboot() : this.#verifyReboot();
      case "update-after-commit":
        return this.#leaveCommit();
      case "rollback":
        return this.#rollBack();
      case "rollback-reboot":
        return isRebootDue ? this.#rebootBack(true) : this.#verifyBack();
      case "after-rollback-reboot":
        return this.#verifyBack();
      case "update-error":
        return this.#fail();
      case "cleanup":
        return this.#cleanUp();
      case "done":
        return undefined;
    }
  }

  #download(): void {
    this.#save("fetching");
    if (!this.#call("Download_Enter_00")) return this.#failDownload("Download_Enter_00");
    this.#save("update-store");
    const state = this.#plan.sizes === "Yes" ? "DownloadWithFileSizes" : "Download";
    for (const name of ["ProvidePayloadFileSizes", state, "SupportsRollback", "Download_Leave_00"])
      if (!this.#call(name)) return this.#failDownload(name);
    this.#install();
  }

  #failDownload(name: string): void {
    this.#blameCall(name);
    this.#way = "nothing-installed";
    this.#call("Download_Error_00");
    if (this.#saved.state === "fetching") this.#save("done");
    else this.#cleanUp();
  }

  #install(): void {
    this.#save("update-install");
    for (const name of ["ArtifactInstall_Enter_00", "ArtifactInstall", "ArtifactInstall_Leave_00"])
      if (!this.#call(name)) return this.#failIn(name, "ArtifactInstall_Error_00");
    if (!this.#call("NeedsArtifactReboot")) return this.#failIn("NeedsArtifactReboot");
    this.#reboot = this.#plan.reboot;
    if (this.#reboot === "No") this.#commit();
    else this.#doReboot();
  }

  #doReboot(): void {
    this.#save("reboot");
    const names = ["ArtifactReboot_Enter_00"];
    // A reboot that the agent does itself is none of the module's.
    if (this.#reboot === "Yes") names.push("ArtifactReboot");
    for (const name of names)
      if (!this.#call(name)) return this.#failIn(name, "ArtifactReboot_Error_00");
    this.#verifyReboot();
  }

  #verifyReboot(): void {
    this.#save("after-reboot");
    for (const name of ["ArtifactVerifyReboot", "ArtifactReboot_Leave_00"])
      if (!this.#call(name)) return this.#failIn(name, "ArtifactReboot_Error_00");
    this.#commit();
  }

  #commit(): void {
    this.#save("update-commit");
    for (const name of ["ArtifactCommit_Enter_00", "ArtifactCommit"])
      if (!this.#call(name)) return this.#failIn(name, "ArtifactCommit_Error_00");
    this.#isCommitted = true;
    this.#leaveCommit();
  }

  #leaveCommit(): void {
    this.#save("update-after-commit");
    if (!this.#call("ArtifactCommit_Leave_00")) {
      this.#blame("commit-leave-failed");
      this.#way = "lost";
      this.#call("ArtifactCommit_Error_00");
    }
    this.#cleanUp();
  }

  #failIn(name: string, errorScript?: string): void {
    this.#blameCall(name);
    if (errorScript !== undefined) this.#call(errorScript);
    this.#goBack();
  }

  #goBack(code?: string): void {
    if (code !== undefined) this.#blame(code);
    if (this.#plan.rollback === "Yes") return this.#rollBack();
    this.#way = "lost";
    this.#fail();
  }

  #rollBack(): void {
    this.#save("rollback");
    this.#way = "back";
    this.#call("ArtifactRollback_Enter_00");
    const isDone = this.#call("ArtifactRollback");
    this.#call("ArtifactRollback_Leave_00");
    if (!isDone) return this.#lose();
    if (this.#reboot === undefined || this.#reboot === "No") {
      if (!this.#call("NeedsArtifactReboot")) return this.#lose();
      this.#reboot = this.#plan.reboot;
    }
    if (this.#reboot === "No") return this.#takenBack();
    this.#rebootBack(true);
  }

  #rebootBack(isFirst: boolean): void {
    this.#save("rollback-reboot");
    if (isFirst) this.#call("ArtifactRollbackReboot_Enter_00");
    // How it ended is for the verification to say.
    if (this.#reboot === "Yes") this.#call("ArtifactRollbackReboot");
    this.#verifyBack();
  }

  #verifyBack(): void {
    this.#save("after-rollback-reboot");
    if (!this.#call("ArtifactVerifyRollbackReboot")) return this.#rebootBack(false);
    this.#call("ArtifactRollbackReboot_Leave_00");
    this.#takenBack();
  }

  #takenBack(): void {
    this.#way = "taken-back";
    this.#fail();
  }

  #lose(): void {
    this.#way = "lost";
    this.#fail();
  }

  #fail(): void {
    this.#save("update-error");
    this.#call("ArtifactFailure_Enter_00");
    this.#call("ArtifactFailure");
    this.#call("ArtifactFailure_Leave_00");
    this.#cleanUp();
  }

  #cleanUp(): void {
    this.#save("cleanup");
    this.#call("Cleanup");
    this.#save("done");
  }

  /** Whether it said yes. */
  #call(name: string): boolean {
    if (isScript(name) && this.#plan.scripts?.includes(name) === false) return true;
    this.#calls.push(name);
    const fault = this.#plan.faults[name];
    if (fault === undefined) return true;
    if (this.#plan.isForEver !== true && this.#done.has(name)) return true;
    const isFirst = !this.#done.has(name);
    this.#done.add(name);
    if (fault === "agent-killed") throw new Interruption(false);
    if (fault === "power-cut") throw new Interruption(true);
    if (fault !== "asks-later") return false;
    // The limits of these tests leave time for one further run.
    return isFirst && this.#call(name);
  }

  #save(state: Saved): void {
    this.#saved = { state, code: this.#code, way: this.#way };
  }

  #blame(code: string): void {
    this.#code ??= code;
  }

  #blameCall(name: string): void {
    const isLate = ["hangs", "asks-later"].includes(this.#plan.faults[name] ?? "");
    if (isScript(name)) this.#blame(isLate ? "script-timed-out" : "script-failed");
    else this.#blame(CODES[name] ?? "install-failed");
  }
}

const isScript = (name: string): boolean => /_\d\d$/.test(name);

const CODES: Readonly<Record<string, string>> = {
  ArtifactReboot: "activation-failed",
  ArtifactVerifyReboot: "verification-failed",
  ArtifactCommit: "commit-failed",
};
