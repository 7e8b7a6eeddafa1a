import { useEffect, useEffectEvent, useRef, useState } from "react";
import { QueryField } from "./query-field.tsx";
import { queryProblem } from "./query-problem.ts";

/** Typing rests this long before the list is asked, or told what is wrong: half a query is no mistake yet. */
const REST_MS = 500;

/** Which devices, as a query. What is none is not asked for: the list stays as it was. */
export function DeviceQueryBox({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (query: string) => void;
}) {
  const [text, setText] = useState(value);
  const [problem, setProblem] = useState(() => queryProblem(value));
  const told = useRef(value);
  const tell = useEffectEvent((next: string) => {
    told.current = next;
    onChange(next);
  });
  // A filter that was taken away elsewhere, or the back button, changes the box too.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
    setProblem(queryProblem(value));
  }, [value]);
  useEffect(() => {
    const next = text.trim();
    if (next === told.current) return undefined;
    const timer = setTimeout(() => {
      const found = queryProblem(text);
      setProblem(found);
      if (found === null) tell(next);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <QueryField
      label="Query"
      isLabelHidden
      value={text}
      problem={problem}
      onChange={(next) => {
        setText(next);
        setProblem(null);
      }}
    />
  );
}
