import { useEffect, useState } from "preact/hooks";
import { Guide } from "./guide.tsx";
import { useWords } from "./i18n.ts";
import { Icon } from "./icons.tsx";
import { ActionsPage } from "./pages/actions.tsx";
import { ActivityPage } from "./pages/activity.tsx";
import { ModelsPage } from "./pages/models.tsx";
import { SettingsPage } from "./pages/settings.tsx";
import { TeachPage } from "./pages/teach.tsx";
import { useStore } from "./store.ts";
import { TalkPage } from "./talk/talk.tsx";

const kPages = {
  talk: TalkPage,
  actions: ActionsPage,
  models: ModelsPage,
  teach: TeachPage,
  activity: ActivityPage,
  settings: SettingsPage,
};
type PageName = keyof typeof kPages;

function pageOf(hash: string): PageName {
  const name = hash.replace(/^#\/?/, "");
  return Object.hasOwn(kPages, name) ? (name as PageName) : "talk";
}

export function App() {
  const t = useWords();
  const { language, theme } = useStore();
  const [page, setPage] = useState(pageOf(location.hash));
  useEffect(() => {
    const turn = () => setPage(pageOf(location.hash));
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = theme;
    document.title = `${t(page)} · 言行 yanxing`;
  }, [language, theme, page]);
  const Shown = kPages[page];
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>{t("skip")}</a>
      <nav class="pages" aria-label={t("menu")}>
        <a class="brand" href="#/talk">
          <img src="/favicon.svg" alt="" width="32" height="32" />
          <span><b>言行</b><small>{t("tagline")}</small></span>
        </a>
        {(Object.keys(kPages) as PageName[]).map((name) => (
          <a key={name} href={`#/${name}`} class="tab" aria-current={name === page ? "page" : undefined}>
            <Icon name={name} />
            <span>{t(name)}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} class={`on-${page}`}>
        <Shown />
      </main>
      <Guide />
    </>
  );
}
