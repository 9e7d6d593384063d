// The turns of this page: listening, looking, proposing, acting. Lives as long as the page, whichever of its pages is
// shown. Nothing risky is sent on without the user's own click: act() says yes only from allow().
import { api, type ActionSpec, type Decision, type Look, Refusal } from "../api.ts";
import { translator, type Word } from "../i18n.ts";
import { store } from "../store.ts";
import { Ear } from "./ear.ts";
import type { Turn } from "./turn.ts";

export interface Talk {
  turns: Turn[];
  look: Look | undefined;
  picture: string | undefined;
  looking: boolean;
  listening: boolean;
  level: number;
  specs: ActionSpec[];
  people: string[];
  display: boolean | undefined; // undefined: not known yet
  why: string;
}

class Conversation {
  now: Talk = {
    turns: [], look: undefined, picture: undefined, looking: false, listening: false, level: 0, specs: [], people: [],
    display: undefined, why: "",
  };
  private listeners = new Set<(talk: Talk) => void>();
  private ear: Ear | undefined;
  private looked: Promise<Look | undefined> | undefined; // of the turn that is being spoken
  private last = 0;
  private player: HTMLAudioElement | undefined;

  subscribe(listener: (talk: Talk) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async learn(): Promise<void> {
    try {
      const [state, specs] = await Promise.all([api.state(), api.actions()]);
      this.set({ display: state.display, why: state.why ?? "", people: state.people, specs });
    } catch {
      this.set({ display: false }); // the page says elsewhere that the server does not answer
    }
  }

  async look(): Promise<Look | undefined> {
    this.set({ looking: true });
    try {
      const look = await api.look();
      let picture: string | undefined;
      if (look.has_picture) {
        picture = URL.createObjectURL(await api.picture(look.look));
        if (this.now.picture) {
          URL.revokeObjectURL(this.now.picture);
        }
      }
      this.set({ look, picture, display: look.has_picture, why: look.why });
      this.ear?.see(look.screen);
      void api.prepare(look.look).catch(() => undefined); // else it is computed when it is needed
      return look;
    } catch (error) {
      this.say({ stage: "over", problem: reason(error) });
      return undefined;
    } finally {
      this.set({ looking: false });
    }
  }

  // --- speaking

  async listen(): Promise<void> {
    if (this.ear) {
      return;
    }
    this.player?.pause(); // speaking over a reply ends it
    this.looked = undefined;
    const ear = new Ear({
      onLevel: (level) => this.set({ level }),
      onSpeech: () => {
        this.player?.pause();
        this.looked = this.look(); // while the user still talks
        this.say({ stage: "hearing" });
      },
      onSilence: () => {
        this.update({ stage: "understanding" });
        if (!store().handsFree) {
          ear.mute();
          this.set({ listening: false, level: 0 });
        }
      },
      onWords: (words, asr) => {
        if (!store().handsFree) {
          this.stop();
        }
        void this.decide(words, { asr });
      },
      onProblem: (problem, detail) => {
        this.stop();
        this.say({ stage: "over", problem: detail ?? this.word(problem) });
      },
    });
    this.ear = ear;
    this.set({ listening: true });
    await ear.open();
  }

  // Ends what is being said, or the listening where nothing is.
  finish(): void {
    const { stage } = this.now.turns.at(-1) ?? {};
    if (stage === "hearing") {
      this.ear?.commit();
      return;
    }
    if (stage !== "understanding") {
      this.stop();
    }
  }

  stop(): void {
    this.ear?.close();
    this.ear = undefined;
    this.set({ listening: false, level: 0 });
  }

  // --- deciding and acting

  async type(words: string): Promise<void> {
    this.player?.pause();
    this.say({ stage: "deciding", said: words });
    this.looked = this.look();
    await this.decide(words, {});
  }

  private async decide(words: string, timings: Record<string, number>): Promise<void> {
    if (words.trim() === "") {
      this.update({ stage: "over", reply: this.word("nothingHeard") });
      return;
    }
    this.update({ stage: "deciding", said: words });
    try {
      const look = (await this.looked) ?? this.now.look;
      if (!look) {
        this.update({ stage: "over" });
        return;
      }
      const proposal = await api.propose(words, look.look);
      this.update({
        stage: "proposed", said: proposal.transcript, proposal, screen: look.screen, reply: proposal.reply,
        timings: { ...timings, ...proposal.timings_ms, see: look.see_ms },
      });
      if (proposal.needs === "run" && store().autoSafe) {
        await this.act(false);
      } else if (proposal.needs === "nothing" || proposal.needs === "refused") {
        this.update({ stage: "over" });
        void this.speak(proposal.reply);
      } else {
        this.set({}); // the card asks
        void this.speak(proposal.reply);
      }
    } catch (error) {
      this.update({ stage: "over", problem: reason(error) });
    }
  }

  // The user's own yes.
  allow(changed?: Decision): Promise<void> {
    this.update({ changed });
    return this.act(true, changed);
  }

  refuse(): void {
    this.update({ stage: "over", reply: "" });
  }

  private async act(yes: boolean, changed?: Decision): Promise<void> {
    const turn = this.now.turns.at(-1);
    if (!turn?.proposal?.proposal) {
      return;
    }
    this.update({ stage: "acting" });
    try {
      const deed = await api.act(turn.proposal.proposal, yes, changed);
      this.update({ stage: "over", deed, reply: deed.reply, timings: { ...turn.timings, act: deed.act_ms ?? 0 } });
      void this.speak(deed.reply);
    } catch (error) {
      this.update({ stage: "over", problem: reason(error) });
    }
  }

  async undo(): Promise<void> {
    try {
      const deed = await api.undo(store().language);
      this.update({ undone: deed.reply || deed.outcome.detail });
      void this.speak(deed.reply);
    } catch (error) {
      this.update({ problem: reason(error) });
    }
  }

  async remember(): Promise<void> {
    const turn = this.now.turns.at(-1);
    if (!turn?.proposal) {
      return;
    }
    try {
      await api.keepSample({ transcript: turn.said, screen: turn.screen, action: turn.changed ?? turn.proposal.decision });
      this.update({ remembered: true });
    } catch (error) {
      this.update({ problem: reason(error) });
    }
  }

  clear(): void {
    this.set({ turns: [] });
  }

  private async speak(text: string): Promise<void> {
    if (!store().speaks || text === "") {
      return;
    }
    try {
      const url = URL.createObjectURL(await api.speech(text));
      const player = new Audio(url);
      this.player = player;
      player.onended = () => URL.revokeObjectURL(url);
      await player.play();
    } catch {
      // a voice that is not here, or a browser that wants a click first: the reply stands to be read
    }
  }

  // --- state

  private set(change: Partial<Talk>): void {
    this.now = { ...this.now, ...change };
    for (const listener of this.listeners) {
      listener(this.now);
    }
  }

  private say(turn: Partial<Turn>): void {
    const made: Turn = { id: ++this.last, stage: "over", said: "", reply: "", timings: {}, ...turn };
    const kMost = 50;
    this.set({ turns: [...this.now.turns, made].slice(-kMost) });
  }

  private update(change: { [Key in keyof Turn]?: Turn[Key] | undefined }): void {
    const turn = this.now.turns.at(-1);
    if (turn) {
      this.set({ turns: [...this.now.turns.slice(0, -1), { ...turn, ...change } as Turn] });
    }
  }

  private word(word: Word): string {
    return translator(store().language)(word);
  }
}

export function reason(error: unknown): string {
  const t = translator(store().language);
  if (error instanceof Refusal) {
    return error.status === 0 ? t("unreachable") : error.status === 401 ? t("needsKey") : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

export const conversation = new Conversation();
