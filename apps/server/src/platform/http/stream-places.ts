/** Live streams at the same time, of all people together; each holds a connection and asks the database at each event. */
const STREAMS_MAX = 1_000;
/** A person has some pages and programs open; one who takes more shall not leave the others without. */
const STREAMS_PER_PERSON_MAX = 100;

/** Bounds how many live streams are open. */
export interface StreamPlaces {
  /** Undefined: there is none left for this person. Else what gives it back. */
  take(person: string): (() => void) | undefined;
}

export function createStreamPlaces(): StreamPlaces {
  const openOf = new Map<string, number>();
  let open = 0;
  return {
    take: (person) => {
      const own = openOf.get(person) ?? 0;
      if (open >= STREAMS_MAX || own >= STREAMS_PER_PERSON_MAX) return undefined;
      open += 1;
      openOf.set(person, own + 1);
      return () => {
        open -= 1;
        const left = (openOf.get(person) ?? 1) - 1;
        if (left === 0) openOf.delete(person);
        else openOf.set(person, left);
      };
    },
  };
}
