import { useState } from "preact/hooks";
import { api } from "../api.ts";
import { useWords } from "../i18n.ts";
import { Page, Problem, Section } from "../parts.tsx";
import { set, useStore, type Store } from "../store.ts";
import { useDoing, useLoad } from "../use_load.ts";

function Switch({ name, hint, value, onChange }: { name: string; hint?: string; value: boolean; onChange(on: boolean): void }) {
  return (
    <label class="switch">
      <span>{name}{hint && <small>{hint}</small>}</span>
      <input type="checkbox" role="switch" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
    </label>
  );
}

function KeyField({ value }: { value: string }) {
  const t = useWords();
  const [shown, setShown] = useState(false);
  return (
    <label>
      <span>{t("key")}<small>{t("keyHint")}</small></span>
      <span class="row">
        <input type={shown ? "text" : "password"} value={value} autocomplete="off" data-testid="key" onInput={(event) => set({ key: event.currentTarget.value.trim() })} />
        <button type="button" class="small" onClick={() => setShown(!shown)}>{t(shown ? "hide" : "show")}</button>
      </span>
    </label>
  );
}

function PageSettings() {
  const t = useWords();
  const now = useStore();
  return (
    <Section title={t("ofPage")}>
      <div class="fields">
        <label><span>{t("language")}</span>
          <select value={now.language} data-testid="language" onChange={(event) => set({ language: event.currentTarget.value as Store["language"] })}>
            <option value="zh">中文</option>
            <option value="en">English</option>
          </select>
        </label>
        <label><span>{t("theme")}</span>
          <select value={now.theme} data-testid="theme" onChange={(event) => set({ theme: event.currentTarget.value as Store["theme"] })}>
            <option value="system">{t("system")}</option>
            <option value="light">{t("light")}</option>
            <option value="dark">{t("dark")}</option>
          </select>
        </label>
        <label><span>{t("spokenLanguage")}</span>
          <select value={now.spoken} onChange={(event) => set({ spoken: event.currentTarget.value as Store["spoken"] })}>
            <option value="auto">{t("auto")}</option>
            <option value="zh">中文</option>
            <option value="en">English</option>
          </select>
        </label>
        <KeyField value={now.key} />
      </div>
      <Switch name={t("spokenReplies")} value={now.speaks} onChange={(speaks) => set({ speaks })} />
      <Switch name={t("autoSafe")} hint={t("autoSafeHint")} value={now.autoSafe} onChange={(autoSafe) => set({ autoSafe })} />
      <Switch name={t("handsFree")} hint={t("handsFreeHint")} value={now.handsFree} onChange={(handsFree) => set({ handsFree })} />
      <button onClick={() => set({ guided: false })}>{t("guideAgain")}</button>
    </Section>
  );
}

function ServerSettings() {
  const t = useWords();
  const doing = useDoing();
  const [changed, setChanged] = useState<Record<string, string | number | boolean>>({});
  const [saved, setSaved] = useState(false);
  const { value, problem, reload } = useLoad(api.settings);
  const models = useLoad(api.catalog);
  if (!value) {
    return <Section title={t("ofServer")}><Problem text={problem} /></Section>;
  }
  const now = { ...value.settings, ...changed };
  const change = (key: string, to: string | number | boolean) => {
    setSaved(false);
    setChanged({ ...changed, [key]: to });
  };
  const choice = (key: string, names: string[]) => (
    <select value={String(now[key])} onChange={(event) => change(key, event.currentTarget.value)}>
      {[...new Set([String(now[key]), ...names])].map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
  const deciders = models.value?.filter((model) => model.role === "decide" && model.installed).map((model) => model.name) ?? [];
  const voice = (key: string, chinese: boolean, sample: string) => (
    <span class="row">
      {choice(key, value.voices.filter((name) => name.startsWith("z") === chinese && (chinese || /^[ab]/.test(name))))}
      <button type="button" class="small" onClick={() => doing.run(async () => { await new Audio(URL.createObjectURL(await api.speech(sample, String(now[key])))).play(); })}>{t("listen")}</button>
    </span>
  );
  return (
    <Section title={t("ofServer")}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          doing.run(async () => { await api.saveSettings(changed); setChanged({}); setSaved(true); reload(); });
        }}
      >
        <label><span>{t("lightTier")}</span>{choice("light", deciders)}</label>
        <label><span>{t("largeTier")}</span>{choice("large", deciders)}</label>
        <label><span>{t("voiceZh")}</span>{voice("voice_zh", true, "好的，已经发给李经理。")}</label>
        <label><span>{t("voiceEn")}</span>{voice("voice_en", false, "Okay, I sent it to Anna.")}</label>
        <label><span>{t("endpoint")}</span><input type="number" min={100} max={5000} step={50} value={Number(now.endpoint_ms)} onInput={(event) => change("endpoint_ms", event.currentTarget.valueAsNumber)} /></label>
        <label><span>{t("threads")}</span><input type="number" min={0} max={64} value={Number(now.threads)} onInput={(event) => change("threads", event.currentTarget.valueAsNumber)} /></label>
        <Switch name={t("useLarge")} value={now.use_large === true} onChange={(on) => change("use_large", on)} />
        <div class="buttons">
          <button class="primary" disabled={doing.busy || Object.keys(changed).length === 0}>{t("save")}</button>
          {saved && <span class="hint" role="status">{t("saved")}. {t("restart")}</span>}
        </div>
      </form>
      <Problem text={doing.problem} />
      <p class="muted small-text">{t("mailTo")}: <code>{value.mail}</code><br />{t("file")}: <code>{value.file}</code></p>
    </Section>
  );
}

export function SettingsPage() {
  const t = useWords();
  return (
    <Page title={t("settings")} intro={t("settingsIntro")}>
      <PageSettings />
      <ServerSettings />
    </Page>
  );
}
