import { createContext } from "react";

/** Whether what is shown here is the answer to another question still, while the one that was asked for comes. */
export const Coming = createContext(false);
