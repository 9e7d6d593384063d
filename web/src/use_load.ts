// What a page shows from the server: loaded when it opens, again on `reload`, and every `every_ms` where that is given.
import { useCallback, useEffect, useState } from "preact/hooks";
import { reason } from "./talk/conversation.ts";

export interface Loaded<T> {
  value: T | undefined;
  problem: string;
  reload(): void;
}

export function useLoad<T>(load: () => Promise<T>, every_ms = 0): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let gone = false;
    load()
      .then((loaded) => {
        if (!gone) {
          setValue(loaded);
          setProblem("");
        }
      })
      .catch((error) => gone || setProblem(reason(error)));
    return () => void (gone = true);
  }, [round]);
  useEffect(() => {
    if (every_ms === 0) {
      return;
    }
    const timer = setInterval(() => setRound((now) => now + 1), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return { value, problem, reload: useCallback(() => setRound((now) => now + 1), []) };
}

// Runs what a button does, and keeps its error to be shown.
export function useDoing(): { problem: string; busy: boolean; run(work: () => Promise<unknown>): void } {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const run = (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem("");
    work()
      .catch((error) => setProblem(reason(error)))
      .finally(() => setBusy(false));
  };
  return { problem, busy, run };
}
