/** Whether single letters do something. Who speaks to the machine, or tires of it, turns them off (WCAG 2.1.4). */
const KEY = "moult.letter-keys";

export function areLettersOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function turnLetters(isOn: boolean): void {
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // Without storage they stay on.
  }
}
