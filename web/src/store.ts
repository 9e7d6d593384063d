// What this page is set to, kept in the browser.
import { useEffect, useState } from "preact/hooks";

export interface Store {
  language: "zh" | "en";
  theme: "system" | "light" | "dark";
  key: string;
  speaks: boolean;
  autoSafe: boolean;
  handsFree: boolean;
  spoken: "auto" | "zh" | "en";
  guided: boolean; // the first-run guide was seen
}

const kPlace = "yanxing";

function initial(): Store {
  const usual: Store = {
    language: navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en",
    theme: "system", key: "", speaks: true, autoSafe: true, handsFree: false, spoken: "auto", guided: false,
  };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(kPlace) ?? "{}") as Partial<Store>) };
  } catch {
    return usual; // storage is off, or holds something else
  }
}

let now = initial();
const listeners = new Set<(store: Store) => void>();

export function store(): Store {
  return now;
}

export function set(change: Partial<Store>): void {
  now = { ...now, ...change };
  try {
    localStorage.setItem(kPlace, JSON.stringify(now));
  } catch {
    // then it holds until the page is closed
  }
  for (const listener of listeners) {
    listener(now);
  }
}

export function useStore(): Store {
  const [value, setValue] = useState(now);
  useEffect(() => {
    listeners.add(setValue);
    return () => void listeners.delete(setValue);
  }, []);
  return value;
}
