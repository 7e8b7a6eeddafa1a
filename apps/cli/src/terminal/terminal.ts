/** How a piece of text stands out, where the terminal can show it. */
export type TextStyle = "red" | "green" | "yellow" | "cyan" | "bold" | "dim";

/** The person or program on the other side: what a command prints and asks. */
export interface Terminal {
  /** Standard output is a terminal, this many columns wide; undefined when it is a file or a pipe. */
  readonly columns: number | undefined;
  /** Standard error is a terminal: progress may be drawn on it. */
  readonly hasStatus: boolean;
  /** Somebody is there to answer. */
  readonly canAsk: boolean;
  /** A line, or several, of the result. */
  out(text: string): void;
  /** A line, or several, for the person only: warnings, hints, errors. */
  err(text: string): void;
  /** Draws over the last status; undefined takes it away. Nothing where there is no terminal. */
  status(lines: readonly string[] | undefined): void;
  /** The text itself where colours are unwanted. */
  style(style: TextStyle, text: string): string;
  ask(question: string): Promise<string>;
  /** What is typed is not shown. */
  askSecret(question: string): Promise<string>;
  /** All of standard input, without a line end at its end. */
  readInput(): Promise<string>;
}
