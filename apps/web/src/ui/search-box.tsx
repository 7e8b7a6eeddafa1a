import { useEffect, useEffectEvent, useRef, useState } from "react";
import { TextField } from "./field.tsx";

/** Typing rests this long before the list is asked. */
const REST_MS = 250;

/** Looks for text in a list; `/` goes to it from anywhere on the page. */
export function SearchBox({
  label,
  value,
  onChange,
  placeholder,
  lengthMax = 128,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly lengthMax?: number;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const box = useRef<HTMLDivElement>(null);
  const tell = useEffectEvent((next: string) => {
    told.current = next;
    onChange(next);
  });
  // A filter that was taken away elsewhere, or the back button, empties the box too.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    const next = text.trim();
    if (next === told.current) return undefined;
    const timer = setTimeout(() => tell(next), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "/" || isTyping(event.target)) return;
      event.preventDefault();
      box.current?.querySelector("input")?.focus();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  return (
    <div ref={box} role="search" className="min-w-0 flex-1 basis-56">
      <TextField
        label={label}
        isLabelHidden
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={lengthMax}
        {...(placeholder === undefined ? {} : { placeholder })}
        value={text}
        onChange={setText}
      />
    </div>
  );
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
