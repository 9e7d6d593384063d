import { useEffect, useRef, useState } from "preact/hooks";
import { useWords, type Translate } from "../i18n.ts";
import { Icon } from "../icons.tsx";
import { ActionCard } from "./action_card.tsx";
import { conversation, type Talk } from "./conversation.ts";
import { actsOf } from "./decision.ts";
import { ScreenView } from "./screen_view.tsx";
import type { Turn } from "./turn.ts";

function useTalk(): Talk {
  const [talk, setTalk] = useState(conversation.now);
  useEffect(() => conversation.subscribe(setTalk), []);
  return talk;
}

function stageText(t: Translate, turn: Turn): string {
  switch (turn.stage) {
    case "listening": return t("listening");
    case "hearing": return t("hearing");
    case "understanding": return t("understanding");
    case "deciding": return t("deciding");
    case "acting": return t("acting");
    default: return "";
  }
}

// The keys of the page, where one is not writing.
function useKeys(turn: Turn | undefined, changing: boolean, setChanging: (on: boolean) => void): void {
  useEffect(() => {
    const isWriting = (event: KeyboardEvent) =>
      event.ctrlKey || event.metaKey || event.altKey ||
      (event.target instanceof HTMLElement && event.target.closest("input, select, textarea, button, a, [role=button], dialog") !== null);
    const down = (event: KeyboardEvent) => {
      if (event.key === "Escape" && changing) {
        setChanging(false);
      }
      if (isWriting(event) || event.repeat) {
        return;
      }
      const waits = turn?.stage === "proposed" && !changing;
      const key = event.key.toLowerCase();
      if (event.key === " ") {
        event.preventDefault();
        void conversation.listen();
      } else if (waits && key === "y" && (turn.proposal?.needs === "yes" || turn.proposal?.needs === "run")) {
        void conversation.allow();
      } else if (waits && key === "c") {
        event.preventDefault();
        setChanging(true);
      } else if (waits && key === "n") {
        conversation.refuse();
      }
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " " && !isWriting(event)) {
        conversation.finish();
      }
    };
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
    };
  }, [turn, changing]);
}

function ScreenPanel({ talk, target, picking, onPick }: {
  talk: Talk; target: string; picking: boolean; onPick(id: string): void;
}) {
  const t = useWords();
  const [showAll, setShowAll] = useState(false);
  const [countdown, setCountdown] = useState(0);
  useEffect(() => {
    if (countdown === 0) {
      return;
    }
    const timer = setTimeout(() => {
      setCountdown(countdown - 1);
      if (countdown === 1) {
        void conversation.look();
      }
    }, 1000);
    return () => clearTimeout(timer);
  }, [countdown]);
  const { look } = talk;
  return (
    <section class="screen-panel" aria-label={t("screen")}>
      <header>
        <h2>{look?.screen.title || t("screen")}</h2>
        <div class="tools">
          {look?.has_picture && (
            <button
              class={`ghost ${showAll ? "on" : ""}`} aria-pressed={showAll} onClick={() => setShowAll(!showAll)}
              title={t("showAll")} aria-label={t("showAll")}
            >
              <Icon name="boxes" /> {look.screen.elements.length}
            </button>
          )}
          <button class="ghost" title={t("lookHint")} aria-label={t("lookIn")} disabled={countdown > 0 || talk.display === false} onClick={() => setCountdown(3)}>
            <Icon name="timer" /> {countdown > 0 ? countdown : <span class="wide">{t("lookIn")}</span>}
          </button>
          <button class="ghost" data-testid="look" disabled={talk.looking || talk.display === false} onClick={() => void conversation.look()}>
            <Icon name="look" /> {talk.looking ? t("looking") : t("look")}
          </button>
        </div>
      </header>
      {picking && <p class="hint">{t("pickTarget")}</p>}
      <ScreenView
        screen={look?.screen} picture={talk.picture} target={target} showAll={showAll}
        onPick={picking ? (element) => onPick(element.id) : undefined}
      />
      {talk.display === false && <p class="hint">{t("noDisplay")}{talk.why && <small> {talk.why}</small>}</p>}
    </section>
  );
}

function Composer({ talk, busy }: { talk: Talk; busy: boolean }) {
  const t = useWords();
  const [text, setText] = useState("");
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "" && !busy) {
          void conversation.type(text.trim());
          setText("");
          (document.activeElement as HTMLElement | null)?.blur(); // so that Y, C and N are keys again
        }
      }}
    >
      <button
        type="button" class={`mic ${talk.listening ? "on" : ""}`} data-testid="mic"
        style={{ "--level": talk.level.toFixed(2) }} aria-pressed={talk.listening}
        aria-label={t(talk.listening ? "stop" : "speak")} title={t(talk.listening ? "stop" : "speak")}
        onClick={() => (talk.listening ? conversation.finish() : void conversation.listen())}
      >
        <Icon name={talk.listening ? "stop" : "talk"} />
      </button>
      <input
        type="text" value={text} placeholder={talk.listening ? t("listening") : t("typePlaceholder")} aria-label={t("typePlaceholder")}
        onInput={(event) => setText(event.currentTarget.value)} enterkeyhint="send" data-testid="words"
      />
      <button class="primary send" disabled={busy || text.trim() === ""} aria-label={t("send")} title={t("send")}>
        <Icon name="send" />
      </button>
    </form>
  );
}

function Welcome() {
  const t = useWords();
  return (
    <div class="welcome">
      <h1>{t("emptyTitle")}</h1>
      <p>{t("emptyHint")}</p>
      <ul>
        {(["example1", "example2", "example3"] as const).map((example) => (
          <li key={example}>
            <button class="chip" onClick={() => void conversation.type(t(example))}>{t(example)}</button>
          </li>
        ))}
      </ul>
      <p class="muted keys">{t("shortcuts")}</p>
    </div>
  );
}

export function TalkPage() {
  const t = useWords();
  const talk = useTalk();
  const turn = talk.turns.at(-1);
  const [changing, setChanging] = useState(false);
  const [picked, setPicked] = useState("");
  const end = useRef<HTMLDivElement>(null);
  useKeys(turn, changing, setChanging);
  useEffect(() => {
    void conversation.learn();
    return () => conversation.stop(); // nobody sees that it listens
  }, []);
  useEffect(() => {
    setChanging(false);
    setPicked("");
  }, [turn?.id, turn?.stage]);
  useEffect(() => end.current?.scrollIntoView({ block: "end", behavior: "smooth" }), [turn?.id, turn?.stage, changing]);

  const decided = turn?.changed ?? turn?.proposal?.decision;
  const first = decided ? actsOf(decided)[0]?.arguments.target : undefined;
  const target = picked || (typeof first === "string" ? first : "");
  const busy = turn !== undefined && ["hearing", "understanding", "deciding", "acting"].includes(turn.stage);
  return (
    <div class="talk">
      <ScreenPanel talk={talk} target={target} picking={changing && talk.picture !== undefined} onPick={setPicked} />
      <div class="dialogue">
        <div class="turns" aria-live="polite">
          {talk.turns.length === 0 && <Welcome />}
          {talk.turns.map((one) => (
            <article key={one.id} class="turn">
              {(one.said || one.stage === "hearing") && (
                <p class="said" data-testid="said"><span class="visually-hidden">{t("you")}: </span>{one.said || "…"}</p>
              )}
              {stageText(t, one) && <p class="stage">{stageText(t, one)}</p>}
              <ActionCard
                turn={one} picked={one === turn ? picked : ""}
                specs={talk.specs} screen={one.screen} people={talk.people} changing={changing && one === turn}
                onChanging={setChanging} onTarget={setPicked} onAllow={(action) => void conversation.allow(action)}
                onRefuse={() => conversation.refuse()} onUndo={() => void conversation.undo()}
                onRemember={() => void conversation.remember()}
              />
              {one.reply && one.stage === "over" && <p class="reply">{one.reply}</p>}
              {one.problem && <p class="problem" role="alert">{one.problem}</p>}
            </article>
          ))}
          <div ref={end} />
        </div>
        <Composer talk={talk} busy={busy} />
      </div>
    </div>
  );
}
