/** One of the two places that a system can start from. */
export type Slot = "a" | "b";

/** What the next start chooses from. */
export interface BootChoice {
  /** The confirmed slot: started from whenever no trial is left. */
  readonly good: Slot;
  /** The slot on trial. */
  readonly trial: Slot | null;
  /** Starts that the trial has left; the bootloader takes one away before each of them. */
  readonly triesLeft: number;
}

/**
 * What the agent asks of a bootloader. Each change is one write that a power cut leaves done or not done, and durable when
 * it returns; tries are counted during a trial only.
 */
export interface BootControl {
  read(): Promise<BootChoice>;
  /** The slot that this system was started from. */
  booted(): Promise<Slot>;
  /**
   * The next `tries` starts are from `slot`; unless it is confirmed, those after them from the good one again. None is
   * possible: the slot stays marked as the one on trial, and is not started again.
   */
  arm(slot: Slot, tries: number): Promise<void>;
  /** `slot` is the good one from now on, and no trial is left. */
  confirm(slot: Slot): Promise<void>;
  /** No trial is left; the good slot stays. */
  disarm(): Promise<void>;
  /**
   * Ends a change that was cut off after it began to hold: whatever kept the choice before it says this one now. Nothing is
   * chosen by it, and where nothing was chosen yet nothing is written.
   */
  settle(): Promise<void>;
}
