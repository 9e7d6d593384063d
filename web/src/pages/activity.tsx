import { useEffect, useState } from "preact/hooks";
import { api, follow } from "../api.ts";
import { useWords, wordFor } from "../i18n.ts";
import { Page, Problem, Section } from "../parts.tsx";
import { useStore } from "../store.ts";
import { useDoing, useLoad } from "../use_load.ts";

interface Happening {
  key: number;
  event: string;
  data: Record<string, unknown>;
}

function textOf({ event, data }: Happening): string {
  if (event === "decided") {
    return `${String(data.transcript ?? "")} → ${JSON.stringify(data.decision)}`;
  }
  if (event === "did") {
    const outcome = data.outcome as { status: string; detail: string } | undefined;
    return `${outcome?.status ?? ""}: ${outcome?.detail ?? ""}`;
  }
  return String(data.transcript ?? data.text ?? "");
}

function useTurns(): Happening[] {
  const [all, setAll] = useState<Happening[]>([]);
  useEffect(() => {
    const over = new AbortController();
    let key = 0;
    const kMost = 100;
    const read = () =>
      follow("/v1/turns", over.signal, (event, data) => setAll((old) => [{ key: ++key, event, data }, ...old].slice(0, kMost)))
        .catch(() => undefined) // the server went away: the page says so elsewhere
    void read();
    return () => over.abort();
  }, []);
  return all;
}

export function ActivityPage() {
  const t = useWords();
  const { language } = useStore();
  const doing = useDoing();
  const { value, problem, reload } = useLoad(api.activity);
  const turns = useTurns();
  const deeds = turns.filter((one) => one.event === "did").length;
  useEffect(reload, [deeds]);
  const time = (at_ms: unknown) =>
    new Date(Number(at_ms)).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "medium" });
  const entries = value?.entries ?? [];
  return (
    <Page title={t("activity")} intro={t("activityIntro")}>
      <Problem text={problem || doing.problem} />
      <Section
        title={t("journal")}
        tools={entries.length > 0 && (
          <>
            <button onClick={() => doing.run(async () => { await api.undo(language); reload(); })}>{t("undo")}</button>
            <button class="danger" onClick={() => confirm(t("forgetSure")) && doing.run(async () => { await api.forgetActivity(); reload(); })}>{t("forget")}</button>
          </>
        )}
      >
        {entries.length === 0 && <p class="muted">{t("noActivity")}</p>}
        <ul class="items">
          {entries.map((deed) => (
            <li key={deed.at_ms} class="item">
              <div class="item-head">
                <strong>{deed.what === "undo" ? t("undo") : deed.transcript}</strong>
                <span class={`badge ${deed.outcome.status}`}>{wordFor(t, deed.outcome.status)}</span>
                <time class="muted nowrap">{time(deed.at_ms)}</time>
              </div>
              <p class="muted">{deed.outcome.detail}</p>
              {deed.decision && <code>{JSON.stringify(deed.decision)}</code>}
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t("live")}>
        {turns.length === 0 && <p class="muted">{t("waitingForTurns")}</p>}
        <ul class="feed">
          {turns.map((one) => (
            <li key={one.key}>
              <time class="muted nowrap">{time(one.data.at_ms).split(/[ ,]+/).at(-1)}</time>
              <span class={`badge stage ${one.event}`}>{wordFor(t, one.event)}</span>
              <span>{textOf(one)}</span>
            </li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}
