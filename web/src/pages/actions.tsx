import { useState } from "preact/hooks";
import { api, type ActionSpec, type Proposal } from "../api.ts";
import { useWords } from "../i18n.ts";
import { Page, Problem, Section } from "../parts.tsx";
import { useStore } from "../store.ts";
import { useDoing, useLoad } from "../use_load.ts";

const kNew = {
  name: "lamp",
  description: { zh: "开灯或关灯", en: "Turn a lamp on or off" },
  parameters: {
    type: "object",
    required: ["room", "state"],
    properties: {
      room: { type: "string", enum: ["客厅", "卧室", "kitchen"] },
      state: { type: "string", enum: ["on", "off"] },
    },
  },
  risk: "safe",
  say: { zh: "好的。", en: "Okay." },
  run: { mqtt: { topic: "home/{room}/lamp/set", payload: "{state}" } },
};

function TrySentence() {
  const t = useWords();
  const [words, setWords] = useState("");
  const [proposal, setProposal] = useState<Proposal>();
  const doing = useDoing();
  return (
    <Section title={t("tryIt")}>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          doing.run(async () => setProposal(await api.propose(words, "")));
        }}
      >
        <input type="text" value={words} onInput={(event) => setWords(event.currentTarget.value)} placeholder={t("example2")} aria-label={t("tryIt")} data-testid="try-words" />
        <button class="primary" disabled={doing.busy || words.trim() === ""}>{doing.busy ? t("deciding") : t("tryButton")}</button>
      </form>
      <p class="hint">{t("tryHint")}</p>
      <Problem text={doing.problem} />
      {proposal && (
        <div class="decision" data-testid="try-decision">
          <code>{JSON.stringify(proposal.decision)}</code>
          <p>
            <span class={`badge ${proposal.needs}`}>
              {t(proposal.needs === "yes" ? "risky" : proposal.needs === "run" ? "safe" : proposal.needs === "refused" ? "refused" : proposal.needs === "answer" ? "question" : "nothing")}
            </span>{" "}
            {t("sure", { p: Math.round(100 * proposal.confidence) })} · {Math.round(proposal.timings_ms.total ?? 0)} ms
          </p>
          {proposal.needs !== "run" && proposal.reply && <p class="question">{proposal.reply}</p>}
        </div>
      )}
    </Section>
  );
}

function Editor({ text: first, own, onDone }: { text: string; own: boolean; onDone(): void }) {
  const t = useWords();
  const [text, setText] = useState(first);
  const doing = useDoing();
  let parsed: unknown;
  let wrong = "";
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    wrong = t("notJson", { e: error instanceof Error ? error.message : "" });
  }
  const starts = typeof parsed === "object" && parsed !== null && JSON.stringify((parsed as { run?: unknown }).run ?? null).includes('"command"');
  return (
    <div class="json-editor">
      <textarea
        value={text} rows={Math.min(24, text.split("\n").length + 1)} spellcheck={false} aria-label="JSON"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Problem text={wrong || doing.problem} />
      {starts && <p class="warning">{t("commandNote")}</p>}
      <div class="buttons">
        <button class="primary" disabled={wrong !== "" || doing.busy} onClick={() => doing.run(async () => { await api.saveAction(parsed); onDone(); })}>{t("save")}</button>
        <button onClick={onDone}>{t("cancel")}</button>
        {own && (
          <button
            class="danger"
            onClick={() => confirm(t("removeSure")) && doing.run(async () => { await api.removeAction((parsed as { name: string }).name); onDone(); })}
          >
            {t("remove")}
          </button>
        )}
      </div>
    </div>
  );
}

function Row({ spec, onChanged }: { spec: ActionSpec; onChanged(): void }) {
  const t = useWords();
  const { language } = useStore();
  const [open, setOpen] = useState(false);
  return (
    <li class="item">
      <div class="item-head">
        <div>
          <strong>{spec.description[language] || spec.name}</strong> <code>{spec.name}</code>
          {spec.own && <span class="badge own">{t("own")}</span>}
        </div>
        <span class={`badge ${spec.risk}`}>{t(spec.risk === "safe" ? "safe" : spec.risk === "confirm" ? "risky" : "forbidden")}</span>
        <button class="small" aria-expanded={open} onClick={() => setOpen(!open)}>{t("edit")}</button>
      </div>
      <p class="muted">
        {spec.parameters.map(({ name, required, choices }) => (
          <span key={name} class="parameter">
            {name}{required ? "" : "?"}{choices.length > 0 && `: ${choices.slice(0, 4).join(" | ")}${choices.length > 4 ? " …" : ""}`}
          </span>
        ))}
        {spec.run && <span class="parameter">{t("how")}: {spec.run}</span>}
      </p>
      {open && <Editor text={JSON.stringify(spec.json, null, 2)} own={spec.own} onDone={() => { setOpen(false); onChanged(); }} />}
    </li>
  );
}

export function ActionsPage() {
  const t = useWords();
  const { value, problem, reload } = useLoad(api.actions);
  const [adding, setAdding] = useState(false);
  return (
    <Page title={t("actions")} intro={t("actionsIntro")}>
      <TrySentence />
      <Section title={t("actions")} tools={<button onClick={() => setAdding(!adding)}>{t("newAction")}</button>}>
        <Problem text={problem} />
        {adding && <Editor text={JSON.stringify(kNew, null, 2)} own={false} onDone={() => { setAdding(false); reload(); }} />}
        <ul class="items">{value?.map((spec) => <Row key={spec.name} spec={spec} onChanged={reload} />)}</ul>
      </Section>
    </Page>
  );
}
