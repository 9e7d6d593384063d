// What is proposed, and the user's word on it: allow, change, no; afterwards undo.
import { useEffect, useState } from "preact/hooks";
import type { ActionSpec, Decision, Parameter, Screen } from "../api.ts";
import { tierWord, useWords, wordFor } from "../i18n.ts";
import { useStore } from "../store.ts";
import { type Act, actsOf, decisionOf, shown } from "./decision.ts";
import { Timeline } from "./timeline.tsx";
import type { Turn } from "./turn.ts";

interface Props {
  turn: Turn;
  specs: ActionSpec[];
  screen: Screen | undefined;
  people: string[];
  changing: boolean;
  picked: string; // id of the element that was chosen on the screen; "": none
  onChanging(changing: boolean): void;
  onAllow(action?: Decision): void;
  onRefuse(): void;
  onUndo(): void;
  onRemember(): void;
  onTarget(id: string): void; // lights it while it is being chosen
}

function Summary({ act, spec, screen }: { act: Act; spec: ActionSpec | undefined; screen: Screen | undefined }) {
  const { language } = useStore();
  const t = useWords();
  return (
    <div class="act">
      <h3>
        {spec?.description[language] || act.name} <code>{act.name}</code>
        {spec && spec.risk !== "safe" && (
          <span class={`badge ${spec.risk}`}>{t(spec.risk === "confirm" ? "risky" : "forbidden")}</span>
        )}
      </h3>
      <dl>
        {Object.entries(act.arguments).map(([name, value]) => (
          <div key={name}>
            <dt>{labelOf(spec, name, language)}</dt>
            <dd>{shown(value, screen)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const isElement = (parameter: Parameter): boolean => parameter.schema["x-kind"] === "element";

function labelOf(spec: ActionSpec | undefined, name: string, language: "zh" | "en"): string {
  const described = spec?.parameters.find((parameter) => parameter.name === name)?.schema.description;
  if (typeof described === "string") {
    return described;
  }
  const texts = described as { zh?: string; en?: string } | undefined;
  return texts?.[language] ?? name;
}

function Field({ name, value, spec, screen, people, onInput }: {
  name: string; value: unknown; spec: ActionSpec | undefined; screen: Screen | undefined; people: string[];
  onInput(value: unknown): void;
}) {
  const parameter = spec?.parameters.find((one) => one.name === name);
  const kind = parameter?.schema["x-kind"];
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  if (kind === "element") {
    return (
      <select value={text} onChange={(event) => onInput(event.currentTarget.value)}>
        {text === "" && <option value="">–</option>}
        {screen?.elements.map((element) => (
          <option key={element.id} value={element.id}>{(element.name || element.id).slice(0, 60)}</option>
        ))}
      </select>
    );
  }
  if (parameter && parameter.choices.length > 0) {
    return (
      <select
        value={JSON.stringify(value)}
        onChange={(event) => onInput(JSON.parse(event.currentTarget.value))}
      >
        {parameter.choices.map((choice) => (
          <option key={String(choice)} value={JSON.stringify(choice)}>{String(choice)}</option>
        ))}
      </select>
    );
  }
  if (parameter?.type === "boolean") {
    return <input type="checkbox" checked={value === true} onChange={(event) => onInput(event.currentTarget.checked)} />;
  }
  if (parameter?.type === "integer" || parameter?.type === "number") {
    return (
      <input type="number" value={text} onInput={(event) => onInput(event.currentTarget.valueAsNumber)} />
    );
  }
  return (
    <>
      <input
        type="text" value={text} list={kind === "contact" ? "people" : ""}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {kind === "contact" && (
        <datalist id="people">{people.map((person) => <option key={person} value={person} />)}</datalist>
      )}
    </>
  );
}

function Editor({ acts, specs, screen, people, picked, onApply, onCancel, onTarget }: {
  acts: Act[]; specs: ActionSpec[]; screen: Screen | undefined; people: string[]; picked: string;
  onApply(acts: Act[]): void; onCancel(): void; onTarget(id: string): void;
}) {
  const t = useWords();
  const { language } = useStore();
  const [now, setNow] = useState(acts);
  useEffect(() => {
    const first = now[0];
    const place = specs.find((one) => one.name === first?.name)?.parameters.find(isElement)?.name;
    if (picked !== "" && first && place && first.arguments[place] !== picked) {
      change(0, { name: first.name, arguments: { ...first.arguments, [place]: picked } });
    }
  }, [picked]);
  const change = (at: number, act: Act) => setNow(now.map((old, i) => (i === at ? act : old)));
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        onApply(now);
      }}
    >
      {now.map((act, at) => {
        const spec = specs.find((one) => one.name === act.name);
        return (
          <fieldset key={at}>
            <label>
              <span>{t("action")}</span>
              <select value={act.name} onChange={(event) => change(at, { name: event.currentTarget.value, arguments: act.arguments })}>
                {specs.map((one) => (
                  <option key={one.name} value={one.name}>{one.description[language] || one.name}</option>
                ))}
              </select>
            </label>
            {spec?.parameters.map(({ name, required }) => (
              <label key={name}>
                <span>
                  {labelOf(spec, name, language)} {!required && <small>{t("optional")}</small>}
                </span>
                <Field
                  name={name} value={act.arguments[name]} spec={spec} screen={screen} people={people}
                  onInput={(value) => {
                    change(at, { name: act.name, arguments: { ...act.arguments, [name]: value } });
                    if (at === 0 && spec.parameters.some((one) => one.name === name && isElement(one))) {
                      onTarget(String(value));
                    }
                  }}
                />
              </label>
            ))}
          </fieldset>
        );
      })}
      <div class="buttons">
        <button class="primary" type="submit">{t("apply")}</button>
        <button type="button" onClick={onCancel}>{t("cancel")}</button>
      </div>
    </form>
  );
}

// Only what the chosen action knows, and nothing empty.
function tidied(acts: Act[], specs: ActionSpec[]): Act[] {
  return acts.map(({ name, arguments: given }) => {
    const known = specs.find((one) => one.name === name)?.parameters.map((parameter) => parameter.name) ?? [];
    const kept = Object.entries(given).filter(([key, value]) => known.includes(key) && value !== "" && value !== undefined && !Number.isNaN(value));
    return { name, arguments: Object.fromEntries(kept) };
  });
}

export function ActionCard(props: Props) {
  const { turn, specs, screen, changing } = props;
  const t = useWords();
  const { proposal, deed } = turn;
  if (!proposal) {
    return null;
  }
  const decision = turn.changed ?? proposal.decision;
  const acts = actsOf(decision).filter((act) => act.name !== "none");
  const isOpen = turn.stage === "proposed" && acts.length > 0;
  const status = deed?.outcome.status;
  const acted = status === "done" || status === "queued";
  return (
    <section class={`card ${isOpen ? "open" : ""}`} aria-label={t("action")} tabIndex={-1}>
      {!changing && acts.map((act, i) => (
        <Summary key={i} act={act} spec={specs.find((one) => one.name === act.name)} screen={screen} />
      ))}
      {acts.length > 0 && !changing && (
        <p class="sureness">
          <meter min={0} max={1} low={1 - proposal.acts_above} high={proposal.acts_above} optimum={1} value={turn.changed ? 1 : proposal.confidence} />
          <span>{turn.changed ? t("you") : t("sure", { p: Math.round(100 * proposal.confidence) })}</span>
          {!turn.changed && <span class="muted">{tierWord(t, proposal.tier)}</span>}
        </p>
      )}
      {isOpen && changing && (
        <Editor
          acts={acts} specs={specs} screen={screen} people={props.people} picked={props.picked} onTarget={props.onTarget}
          onApply={(changed) => props.onAllow(decisionOf(tidied(changed, specs), specs))}
          onCancel={() => props.onChanging(false)}
        />
      )}
      {isOpen && !changing && (
        <>
          {proposal.reply && <p class="question">{proposal.reply}</p>}
          <div class="buttons">
            {proposal.needs !== "answer" && proposal.needs !== "refused" && (
              <button class="primary" data-testid="allow" onClick={() => props.onAllow()}>{t("allow")}</button>
            )}
            <button data-testid="change" onClick={() => props.onChanging(true)}>{t("change")}</button>
            <button data-testid="no" onClick={props.onRefuse}>{t("no")}</button>
          </div>
        </>
      )}
      {deed && (
        <div class={`outcome ${status}`} data-testid="outcome" role="status">
          <strong>{wordFor(t, status ?? "")}</strong> <span>{deed.outcome.detail}</span>
        </div>
      )}
      {acted && !turn.undone && (
        <div class="buttons">
          <button data-testid="undo" onClick={props.onUndo}>{t("undo")}</button>
          {!turn.remembered && <button onClick={props.onRemember}>{t("remember")}</button>}
          {turn.remembered && <span class="muted">{t("remembered")}</span>}
        </div>
      )}
      {turn.undone && <div class="outcome">{t("undo")}: {turn.undone}</div>}
      <Timeline timings={turn.timings} />
    </section>
  );
}
