// The first-run guide: what is ready and what is not, and a way to each.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, Refusal } from "./api.ts";
import { useWords } from "./i18n.ts";
import { set, useStore } from "./store.ts";

type Check = { state: "checking" | "ok" | "missing" | "untried"; what: string };
const kChecking: Check = { state: "checking", what: "" };

function useChecks(key: string) {
  const t = useWords();
  const [server, setServer] = useState(kChecking);
  const [models, setModels] = useState(kChecking);
  const [desktop, setDesktop] = useState(kChecking);
  useEffect(() => {
    const bad = (error: unknown): Check => ({
      state: "missing",
      what: error instanceof Refusal ? (error.status === 401 ? t("needsKey") : error.status === 0 ? t("unreachable") : error.message) : String(error),
    });
    api.served().then(() => setServer({ state: "ok", what: "" }), (error) => setServer(bad(error)));
    api.catalog().then((all) => {
      const missing = all.filter((model) => model.default && !model.installed).map((model) => model.name);
      setModels({ state: missing.length === 0 ? "ok" : "missing", what: missing.join(", ") });
    }, (error) => setModels(bad(error)));
    api.state().then((state) => setDesktop({ state: state.display ? "ok" : "missing", what: state.why ?? "" }), (error) => setDesktop(bad(error)));
  }, [key]);
  return { server, models, desktop };
}

function Line({ name, check, action }: { name: string; check: Check; action?: preact.ComponentChildren }) {
  const t = useWords();
  return (
    <li class={check.state}>
      <span class="mark" aria-hidden="true">{{ ok: "✓", missing: "!", checking: "…", untried: "?" }[check.state]}</span>
      <span>
        <strong>{name}</strong>
        <small>{check.state === "ok" ? t("ok") : check.state === "checking" ? t("checking") : check.state === "untried" ? t("notTried") : t("missing", { what: check.what })}</small>
      </span>
      {check.state !== "ok" && action}
    </li>
  );
}

export function Guide() {
  const t = useWords();
  const { guided, key, language } = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const checks = useChecks(key);
  const [microphone, setMicrophone] = useState<Check>({ state: "untried", what: "" });
  useEffect(() => {
    if (!guided && !dialog.current?.open) {
      dialog.current?.showModal();
    } else if (guided) {
      dialog.current?.close();
    }
  }, [guided]);
  const tryMicrophone = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      stream.getTracks().forEach((track) => track.stop());
      setMicrophone({ state: "ok", what: "" });
    } catch {
      setMicrophone({ state: "missing", what: t(navigator.mediaDevices ? "micDenied" : "micInsecure") });
    }
  };
  const leaveTo = (page: string) => {
    set({ guided: true });
    location.hash = page;
  };
  return (
    <dialog ref={dialog} class="guide" aria-labelledby="guide-title" onClose={() => set({ guided: true })}>
      <header>
        <img src="/favicon.svg" alt="" width="44" height="44" />
        <h1 id="guide-title">{t("welcome")}</h1>
        <button class="small" onClick={() => set({ language: language === "zh" ? "en" : "zh" })}>{language === "zh" ? "English" : "中文"}</button>
      </header>
      <p>{t("welcomeText")}</p>
      <ul class="checks">
        <Line name={t("guideServer")} check={checks.server} action={<button class="small" onClick={() => leaveTo("#/settings")}>{t("enterKey")}</button>} />
        <Line name={t("guideModels")} check={checks.models} action={<button class="small" onClick={() => leaveTo("#/models")}>{t("toModels")}</button>} />
        <Line name={t("guideDesktop")} check={checks.desktop} />
        <Line name={t("guideMic")} check={microphone} action={<button class="small" onClick={() => void tryMicrophone()}>{t("testMic")}</button>} />
      </ul>
      <p class="muted">{t("guidePrivacy")}</p>
      <div class="buttons">
        <button class="primary" data-testid="begin" onClick={() => set({ guided: true })}>{t("begin")}</button>
      </div>
    </dialog>
  );
}
