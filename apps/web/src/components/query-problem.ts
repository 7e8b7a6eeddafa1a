import { parseQuery, QueryError } from "@moult/query";

export interface QueryProblem {
  readonly sentence: string;
  /** Where the text stops being a query. */
  readonly position: number;
}

/** Why a text is no query, by the parser that the server has too; null when it is one, or nothing at all. */
export function queryProblem(text: string): QueryProblem | null {
  if (text.trim() === "") return null;
  try {
    parseQuery(text);
    return null;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { sentence: error.sentence, position: error.position };
  }
}
