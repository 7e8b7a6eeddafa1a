/** What an import counts. */
export interface ImportCounts {
  /** Read from the other server. */
  read: number;
  added: number;
  /** Here already, as they are there. */
  known: number;
  leftOut: number;
}

export type ImportedKind = "devices" | "groups" | "releases";

export interface LeftOut {
  readonly kind: ImportedKind;
  /** What the other server calls it. */
  readonly name: string;
  readonly reason: string;
}

/** A fleet of a million devices that do not fit is counted; a person reads the first thousands. */
const LISTED_MAX = 5_000;

export interface ImportReport {
  readonly counts: Readonly<Record<ImportedKind, ImportCounts>>;
  readonly leftOut: readonly LeftOut[];
  /** Left out beside those that are listed. */
  readonly unlisted: number;
  /** Sentences about what is to be done next. */
  readonly notes: readonly string[];
}

/** Gathers what an import did. */
export class ReportBuilder implements ImportReport {
  readonly counts = { devices: none(), groups: none(), releases: none() };
  readonly leftOut: LeftOut[] = [];
  readonly notes: string[] = [];
  unlisted = 0;

  count(kind: ImportedKind, what: keyof ImportCounts): void {
    this.counts[kind][what] += 1;
  }

  leaveOut(kind: ImportedKind, name: string, reason: string): void {
    this.count(kind, "leftOut");
    this.mention(kind, name, reason);
  }

  /** Something of it was left out; it itself came. */
  mention(kind: ImportedKind, name: string, reason: string): void {
    if (this.leftOut.length < LISTED_MAX) this.leftOut.push({ kind, name, reason });
    else this.unlisted += 1;
  }

  note(sentence: string): void {
    if (!this.notes.includes(sentence)) this.notes.push(sentence);
  }
}

const none = (): ImportCounts => ({ read: 0, added: 0, known: 0, leftOut: 0 });
