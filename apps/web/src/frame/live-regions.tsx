import { useEffect, useState } from "react";
import { onAnnounce } from "../ui/announcer.ts";

/** The page's only live regions. */
export function LiveRegions() {
  const [polite, setPolite] = useState("");
  const [assertive, setAssertive] = useState("");
  useEffect(() => {
    const offs = [onAnnounce("polite", setPolite), onAnnounce("assertive", setAssertive)];
    return () => offs.forEach((off) => off());
  }, []);
  return (
    <div className="sr-only">
      <div aria-live="polite">{polite}</div>
      <div aria-live="assertive">{assertive}</div>
    </div>
  );
}
