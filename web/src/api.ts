// The server's routes as functions. What goes wrong is a Refusal with the server's own sentence.
import { store } from "./store.ts";

export type Box = [number, number, number, number]; // x, y, width, height: pixels of the captured picture

export interface Element {
  id: string;
  kind: string;
  name?: string;
  text?: string;
  box: Box;
}

export interface Screen {
  size?: [number, number];
  app?: string;
  title?: string;
  elements: Element[];
}

export interface Look {
  look: string;
  screen: Screen;
  has_picture: boolean;
  why: string;
  see_ms: number;
}

export type Decision = Record<string, unknown>;

export interface Proposal {
  proposal?: string;
  needs: "nothing" | "run" | "yes" | "answer" | "refused";
  transcript: string;
  heard: string;
  decision: Decision;
  confidence: number;
  tier: string;
  acts_above: number;
  policy: string[];
  reply: string;
  target: string;
  target_box: Box | null;
  timings_ms: Record<string, number>;
}

export interface Deed {
  at_ms: number;
  what: "act" | "undo";
  transcript: string;
  decision: Decision | null;
  outcome: { status: string; detail: string };
  reply: string;
  act_ms?: number;
}

export interface Parameter {
  name: string;
  type: string;
  required: boolean;
  choices: unknown[];
  schema: Record<string, unknown>;
}

export interface ActionSpec {
  name: string;
  description: { zh: string; en: string };
  risk: "safe" | "confirm" | "forbidden";
  parameters: Parameter[];
  run: string;
  own: boolean;
  json: unknown;
}

export interface Job {
  id: number;
  kind: "pull" | "make" | "sft";
  title: string;
  state: "running" | "done" | "failed" | "cancelled";
  percent?: number;
  lines: string[];
  points?: [number, number][];
}

export interface CatalogModel {
  name: string;
  role: string;
  can: string[];
  licence: string;
  summary: string;
  bytes: number;
  default: boolean;
  installed: boolean;
}

export interface ServedModel {
  id: string;
  yanxing: { makes: string; aliases: string[]; loaded: boolean; context_tokens?: number; adapter_of?: string };
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const authorization = (): Record<string, string> => {
  const { key } = store();
  return key === "" ? {} : { Authorization: `Bearer ${key}` };
};

async function ask(method: string, path: string, body?: BodyInit, more: Record<string, string> = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { method, body: body ?? null, headers: { ...authorization(), ...more } });
  } catch {
    throw new Refusal(0, "");
  }
  if (!answer.ok) {
    const error = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
    throw new Refusal(answer.status, error?.error?.message ?? `${answer.status} ${answer.statusText}`);
  }
  return answer;
}

async function get<T>(path: string): Promise<T> {
  return (await ask("GET", path)).json() as Promise<T>;
}

async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const answer = await ask("POST", path, JSON.stringify(body), { "Content-Type": "application/json" });
  return answer.json() as Promise<T>;
}

const remove = (path: string): Promise<unknown> => ask("DELETE", path);
const named = encodeURIComponent;

export const api = {
  state: () => get<{ display: boolean; accessibility?: boolean; why?: string; people: string[] }>("/v1/operate/state"),
  look: () => post<Look>("/v1/operate/look"),
  picture: async (look: string) => (await ask("GET", `/v1/operate/picture?look=${named(look)}`)).blob(),
  prepare: (look: string) => post("/v1/operate/prepare", { look }),
  propose: (utterance: string, look: string) => post<Proposal>("/v1/operate/propose", { utterance, look }),
  act: (proposal: string, yes: boolean, action?: Decision) =>
    post<Deed>("/v1/operate/act", { proposal, yes, ...(action ? { action } : {}) }),
  undo: (lang: string) => post<Deed>("/v1/operate/undo", { lang }),
  activity: () => get<{ entries: Deed[] }>("/v1/activity"),
  forgetActivity: () => remove("/v1/activity"),

  actions: async () => (await get<{ actions: ActionSpec[] }>("/v1/actions")).actions,
  saveAction: (action: unknown) => post("/v1/actions", action),
  removeAction: (name: string) => remove(`/v1/actions/${named(name)}`),

  served: async () => (await get<{ data: ServedModel[] }>("/v1/models")).data,
  load: (model: string) => post("/v1/models/load", { model }),
  unload: (model: string) => post("/v1/models/unload", { model }),
  catalog: async () => (await get<{ models: CatalogModel[] }>("/v1/catalog")).models,

  jobs: () => get<{ jobs: Job[]; can_train: boolean }>("/v1/jobs"),
  job: (id: number) => get<Job>(`/v1/jobs/${id}`),
  startJob: (order: Record<string, unknown>) => post<Job>("/v1/jobs", order),
  cancelJob: (id: number) => remove(`/v1/jobs/${id}`),

  samples: () => get<{ files: { name: string; rows: number; bytes: number }[]; folder: string }>("/v1/samples"),
  rows: (name: string, from: number, find: string) =>
    get<{ rows: Record<string, unknown>[]; matching: number }>(
      `/v1/samples/${named(name)}?from=${from}&count=10&find=${named(find)}`,
    ),
  keepSample: (sample: Record<string, unknown>) => post("/v1/samples", sample),
  uploadSamples: (name: string, text: string) => ask("POST", `/v1/samples/${named(name)}`, text),
  removeSamples: (name: string) => remove(`/v1/samples/${named(name)}`),

  settings: () =>
    get<{ settings: Record<string, string | number | boolean>; file: string; mail: string; voices: string[] }>(
      "/v1/settings",
    ),
  saveSettings: (change: Record<string, unknown>) => post("/v1/settings", change),
  speech: async (input: string, voice = "alloy") =>
    (
      await ask("POST", "/v1/audio/speech", JSON.stringify({ input, voice, response_format: "wav" }), {
        "Content-Type": "application/json",
      })
    ).blob(),
};

// Server-sent events over fetch, which unlike EventSource can show a key. Ends with `signal`.
export async function follow(
  path: string,
  signal: AbortSignal,
  onEvent: (event: string, data: Record<string, unknown>) => void,
): Promise<void> {
  const answer = await fetch(path, { headers: { ...authorization(), "Last-Event-ID": "0" }, signal });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    held += value;
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      const lines = held.slice(0, end).split("\n");
      held = held.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) {
        onEvent(field("event") ?? "", JSON.parse(data) as Record<string, unknown>);
      }
    }
  }
}
